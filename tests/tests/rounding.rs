//! What the rounding of linear layers tells a client about the weights: nothing but the exact sums.
//!
//! The attack: of a layer with two inputs, a client averages the error of many results of one input, once for each pair of
//! weights modulo 2^f, turned by the phase that the pair would give the dealer's or the server's low bits. All pairs at once
//! are a Fourier transform over the low bits of the client's masks.

use std::f64::consts::TAU;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::prf::{Address, Kind, PairKey, Stream};
use brelu_core::protocol::linear;
use brelu_core::ring;
use brelu_tests::build::Builder;
use brelu_tests::wire::honest;
use brelu_tests::world::World;

const K: u8 = 24;
const F: u8 = 8;
const N: u8 = K - F;

/// Residues modulo 2^f.
const SIDE: usize = 1 << F;

const EXPERIMENTS: usize = 12;
const SESSIONS: usize = 3000;

/// The client's input, the same in all sessions.
const INPUT: [u32; 2] = [201, 78];

/// How server and dealer round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rounding {
    None,
    Private,
    Shared,
}

/// What the client knows of one session: the low bits of its mask and of its product, and the result's error.
struct Sample {
    x_cd: [usize; 2],
    product: usize,
    error: f64,
}

/// Random words.
struct Words(Stream, u64);

impl Words {
    fn new(seed: u8) -> Self {
        Self(PairKey::new([seed; 32]).stream(Address::new(1, 1, Kind::SdRounding)), 0)
    }

    fn next(&mut self, bits: u8) -> u32 {
        let mut word = [0];
        self.0.fill(32, self.1, &mut word);
        self.1 += 1;
        word[0] & ring::mask(bits)
    }

    fn pair(&mut self, bits: u8) -> [u32; 2] {
        [self.next(bits), self.next(bits)]
    }
}

fn dot([a, b]: [u32; 2], [c, d]: [u32; 2]) -> u32 {
    a.wrapping_mul(c).wrapping_add(b.wrapping_mul(d))
}

fn sub([a, b]: [u32; 2], [c, d]: [u32; 2]) -> [u32; 2] {
    [a.wrapping_sub(c), b.wrapping_sub(d)]
}

/// One result of the layer.
fn result(weights: [u32; 2], w_cs: [u32; 2], x_cd: [u32; 2], rounding: Rounding, words: &mut Words) -> i32 {
    let [server, dealer] = match rounding {
        Rounding::None => [0; 2],
        Rounding::Private => words.pair(F),
        Rounding::Shared => [words.next(F); 2],
    };
    let [zeta, z_cd] = words.pair(N);
    let mut u = [dot(x_cd, sub(weights, w_cs))];
    let mut v = [dot(x_cd, w_cs)];
    let mut z = [dot(sub(INPUT, x_cd), weights).wrapping_add(linear::start(1234, F))];
    linear::dealer(&mut u, &[dealer], &[zeta], &[z_cd], N, F);
    linear::client(&mut v, &[zeta], N, F);
    linear::server(&mut z, &[server], &u, &v, N, F);
    ring::signed(z[0].wrapping_add(z_cd), N)
}

/// Many sessions of one model. The client does not know what is exact, but the mean of its results.
fn sessions(weights: [u32; 2], rounding: Rounding, words: &mut Words) -> Vec<Sample> {
    let w_cs = words.pair(K);
    let sample = |_| {
        let x_cd = words.pair(K);
        let product = dot(x_cd, w_cs) & ring::mask(F);
        // Its own high part is off by its own low bits.
        let error =
            f64::from(result(weights, w_cs, x_cd, rounding, words)) + f64::from(product) / SIDE as f64;
        Sample { x_cd: x_cd.map(|x| x as usize % SIDE), product: product as usize, error }
    };
    let mut samples: Vec<Sample> = (0..SESSIONS).map(sample).collect();
    let mean = samples.iter().map(|sample| sample.error).sum::<f64>() / SESSIONS as f64;
    samples.iter_mut().for_each(|sample| sample.error -= mean);
    samples
}

/// Which moment of the error is averaged, and whose low bits it is compared with.
#[derive(Clone, Copy, Debug)]
struct Attack {
    moment: i32,
    of_dealer: bool,
}

const ALL: [Attack; 4] = [
    Attack { moment: 1, of_dealer: true },
    Attack { moment: 1, of_dealer: false },
    Attack { moment: 2, of_dealer: true },
    Attack { moment: 2, of_dealer: false },
];

type Complex = [f64; 2];

fn times([a, b]: Complex, [c, d]: Complex) -> Complex {
    [a * c - b * d, a * d + b * c]
}

fn turn(part: f64) -> Complex {
    [(TAU * part).cos(), (TAU * part).sin()]
}

/// Sums `values[x] exp(2 pi i x w / len)` for all `w`, in place; the length is a power of two.
fn transform(values: &mut [Complex]) {
    let len = values.len();
    if len < 2 {
        return;
    }
    let [mut even, mut odd]: [Vec<Complex>; 2] =
        [0, 1].map(|first| values.iter().skip(first).step_by(2).copied().collect());
    transform(&mut even);
    transform(&mut odd);
    for (w, (even, odd)) in even.iter().zip(&odd).enumerate() {
        let odd = times(*odd, turn(w as f64 / len as f64));
        values[w] = [even[0] + odd[0], even[1] + odd[1]];
        values[w + len / 2] = [even[0] - odd[0], even[1] - odd[1]];
    }
}

/// For all pairs of weights modulo 2^f: the square of the average, where 1 is expected if there is nothing to be found.
fn spectrum(samples: &[Sample], attack: Attack) -> Vec<f64> {
    let moments: Vec<f64> = samples.iter().map(|sample| sample.error.powi(attack.moment)).collect();
    let mean = moments.iter().sum::<f64>() / moments.len() as f64;
    let mut grid = vec![[0.0; 2]; SIDE * SIDE];
    let mut energy = 0.0;
    for (sample, moment) in samples.iter().zip(moments) {
        let phase = if attack.of_dealer { sample.product as f64 / SIDE as f64 } else { 0.0 };
        let [re, im] = turn(-phase);
        let cell = &mut grid[sample.x_cd[0] * SIDE + sample.x_cd[1]];
        *cell = [cell[0] + (moment - mean) * re, cell[1] + (moment - mean) * im];
        energy += (moment - mean).powi(2);
    }
    for _ in 0..2 {
        grid.chunks_mut(SIDE).for_each(transform);
        grid = (0..SIDE * SIDE).map(|at| grid[at % SIDE * SIDE + at / SIDE]).collect();
    }
    grid.into_iter().map(|[re, im]| (re * re + im * im) / energy).collect()
}

/// What an attack makes of all experiments.
#[derive(Debug, Default)]
struct Findings {
    /// Bits of the best pairs that are those of the weights, of 16 an experiment.
    bits: u32,
    /// The sum over experiments of the spectrum at the weights.
    at_weights: f64,
}

fn attack(rounding: Rounding, attacks: &[Attack]) -> Vec<Findings> {
    let mut words = Words::new(rounding as u8 + 1);
    let mut findings: Vec<Findings> = attacks.iter().map(|_| Findings::default()).collect();
    for _ in 0..EXPERIMENTS {
        let weights = words.pair(F + 2);
        let samples = sessions(weights, rounding, &mut words);
        for (attack, found) in attacks.iter().zip(&mut findings) {
            let mut spectrum = spectrum(&samples, *attack);
            let truth = weights[0] as usize % SIDE * SIDE + weights[1] as usize % SIDE;
            found.at_weights += spectrum[truth];
            // The dealer's low bits less the client's, with weights of zero: what the exact sum tells, and only that.
            spectrum[0] = 0.0;
            let best = (0..spectrum.len()).max_by(|a, b| spectrum[*a].total_cmp(&spectrum[*b]));
            found.bits += 16 - (best.unwrap_or(0) ^ truth).count_ones();
        }
    }
    findings
}

const BITS: u32 = 16 * EXPERIMENTS as u32;

#[test]
fn results_tell_no_bit_of_the_weights() {
    // Four standard deviations of fair coins, and of a sum of exponentially distributed values of mean 1.
    let chance = 4.0 * (f64::from(BITS) / 4.0).sqrt();
    let noise = 4.0 * (EXPERIMENTS as f64).sqrt();
    for (found, attack) in attack(Rounding::Shared, &ALL).iter().zip(ALL) {
        let beyond = f64::from(found.bits) - f64::from(BITS) / 2.0;
        assert!(beyond.abs() < chance, "{attack:?}: {found:?} of {BITS} bits");
        assert!((found.at_weights - EXPERIMENTS as f64).abs() < noise, "{attack:?}: {found:?}");
    }
}

#[test]
fn the_attacks_find_all_bits_without_rounding_or_with_two_roundings() {
    let [means, squares] = [ALL[0], ALL[2]];
    assert_eq!(attack(Rounding::None, &[means])[0].bits, BITS);
    let private = attack(Rounding::Private, &[means, squares]);
    assert!(private[0].bits < BITS * 2 / 3, "means tell nothing: {:?}", private[0]);
    assert_eq!(private[1].bits, BITS, "{:?}", private[1]);
}

/// How often results are above what is exact by 3/4, below it by 1/4 or by 5/4 units, between real parties.
fn errors(weight: i32) -> [f64; 3] {
    let shape = Shape::new(1, 64, 64);
    let map = Conv2d::square(shape, 1, 1, 1, 0);
    let mut builder = Builder::new(shape, K);
    builder.linear(&[(0, map, vec![weight])], vec![1 << (F - 2)], N, F);
    let (plan, weights) = builder.finish();
    let input: Vec<i32> = (0..shape.len() as i32).map(|at| (at % 41 - 20) << F).collect();
    let output =
        World::new(plan, weights).run(std::slice::from_ref(&input), honest()).unwrap().outputs.remove(0);
    let mut counts = [0; 3];
    for (x, z) in input.iter().zip(output) {
        let above = z - (x >> F) * weight;
        let place = usize::try_from(1 - above).ok().and_then(|at| counts.get_mut(at));
        *place.unwrap_or_else(|| panic!("an error of {above} less 1/4 units")) += 1;
    }
    counts.map(|count| f64::from(count) / input.len() as f64)
}

#[test]
fn parties_round_in_the_same_way_whatever_the_weights_are() {
    // Three uniform low parts whose sum is 3/4, 7/4 or 11/4 units.
    let expected = [9.0 / 32.0, 22.0 / 32.0, 1.0 / 32.0];
    for weight in [0, 1, 128, 77, -256] {
        for (got, want) in errors(weight).into_iter().zip(expected) {
            assert!((got - want).abs() < 0.04, "weight {weight}: {got} for {want}");
        }
    }
}
