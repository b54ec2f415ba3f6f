//! What the rounding of linear layers and the decisions near zero tell a client about the weights: nothing but the sums.
//!
//! The attack: of a layer with two inputs, a client averages the error of many results of one input, once for each pair of
//! weights modulo 2^f, turned by the phase that the pair would give the dealer's or the server's low bits. All pairs at once
//! are a Fourier transform over the low bits of the client's masks.

use std::f64::consts::TAU;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::prf::{Address, Kind, PairKey, Stream};
use brelu_core::protocol::block_relu::{self, Widths};
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
fn sessions(weights: [u32; 2], w_cs: [u32; 2], rounding: Rounding, words: &mut Words) -> Vec<Sample> {
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

type Complex = [f64; 2];

fn times([a, b]: Complex, [c, d]: Complex) -> Complex {
    [a * c - b * d, a * d + b * c]
}

fn turn(part: f64) -> Complex {
    [(TAU * part).cos(), (TAU * part).sin()]
}

/// Sums `values[x] exp(2 pi i x w / len)` for all `w`, in place; the length divides that of `turns`, one turn of a circle.
fn transform(values: &mut [Complex], turns: &[Complex]) {
    let (half, step) = (values.len() / 2, turns.len() / values.len());
    if half == 0 {
        return;
    }
    let [mut even, mut odd]: [Vec<Complex>; 2] =
        [0, 1].map(|first| values.iter().skip(first).step_by(2).copied().collect());
    transform(&mut even, turns);
    transform(&mut odd, turns);
    for (w, (even, odd)) in even.iter().zip(&odd).enumerate() {
        let odd = times(*odd, turns[w * step]);
        values[w] = [even[0] + odd[0], even[1] + odd[1]];
        values[w + half] = [even[0] - odd[0], even[1] - odd[1]];
    }
}

/// For all pairs of weights modulo 2^f: the average of a power of the error, turned by the phase of the server's low bits or by
/// that of the dealer's, which are less the client's. Of mean square 1 if there is nothing to be found.
fn spectrum(samples: &[Sample], moment: i32, of_dealer: bool) -> Vec<Complex> {
    let powers: Vec<f64> = samples.iter().map(|sample| sample.error.powi(moment)).collect();
    let mean = powers.iter().sum::<f64>() / powers.len() as f64;
    let mut grid = vec![[0.0; 2]; SIDE * SIDE];
    for (sample, power) in samples.iter().zip(&powers) {
        let phase = if of_dealer { sample.product as f64 / SIDE as f64 } else { 0.0 };
        let [re, im] = turn(-phase);
        let cell = &mut grid[place(sample.x_cd.map(|x| x as u32))];
        *cell = [cell[0] + (power - mean) * re, cell[1] + (power - mean) * im];
    }
    let turns: Vec<Complex> = (0..SIDE).map(|part| turn(part as f64 / SIDE as f64)).collect();
    for _ in 0..2 {
        grid.chunks_mut(SIDE).for_each(|row| transform(row, &turns));
        grid = (0..SIDE * SIDE).map(|at| grid[at % SIDE * SIDE + at / SIDE]).collect();
    }
    let norm = powers.iter().map(|power| (power - mean).powi(2)).sum::<f64>().sqrt();
    grid.into_iter().map(|[re, im]| [re / norm, im / norm]).collect()
}

/// Where a pair of residues stands.
fn place([a, b]: [u32; 2]) -> usize {
    a as usize % SIDE * SIDE + b as usize % SIDE
}

/// What an attack makes of all experiments.
#[derive(Debug, Default)]
struct Findings {
    /// Bits of the best pairs that are those of the weights, of 16 an experiment.
    bits: u32,
    /// The sum over experiments of the squares at the weights, of the dealer's spectrum and of the server's.
    at_weights: [f64; 2],
}

/// The client's conclusions from the means of errors and from their squares.
fn attack(rounding: Rounding) -> [Findings; 2] {
    let mut words = Words::new(rounding as u8 + 1);
    let mut findings = <[Findings; 2]>::default();
    for _ in 0..EXPERIMENTS {
        let (weights, w_cs) = (words.pair(F + 2), words.pair(K));
        let samples = sessions(weights, w_cs, rounding, &mut words);
        for (moment, found) in (1..).zip(&mut findings) {
            let [dealer, server] = [true, false].map(|of_dealer| spectrum(&samples, moment, of_dealer));
            let truth = place(weights);
            for (sum, spectrum) in found.at_weights.iter_mut().zip([&dealer, &server]) {
                *sum += spectrum[truth].iter().map(|part| part * part).sum::<f64>();
            }
            // The phase of a mean of `-p` and of `p (1 - p)` is known for the dealer's low bits `p`.
            let known = |[re, im]: &Complex| if moment == 1 { *im } else { -re };
            let mut scores: Vec<f64> =
                dealer.iter().zip(&server).map(|(dealer, [re, im])| known(dealer) + re.hypot(*im)).collect();
            // The exact sum less the client's product looks like these, and it is known to tell.
            for explained in [[0; 2], w_cs, sub([0; 2], w_cs), sub(w_cs, sub([0; 2], w_cs))] {
                scores[place(explained)] = f64::NEG_INFINITY;
            }
            let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            found.bits += 16 - (best.unwrap_or(0) ^ truth).count_ones();
        }
    }
    findings
}

const BITS: u32 = 16 * EXPERIMENTS as u32;

impl Findings {
    /// Whether they are within four standard deviations of fair coins, and of sums of exponentially distributed values of
    /// mean 1.
    fn are_chance(&self) -> bool {
        let (beyond, count) = (f64::from(self.bits) - f64::from(BITS) / 2.0, EXPERIMENTS as f64);
        beyond.abs() < 4.0 * (f64::from(BITS) / 4.0).sqrt()
            && self.at_weights.iter().all(|sum| (sum - count).abs() < 4.0 * count.sqrt())
    }
}

#[test]
fn results_tell_no_bit_of_the_weights() {
    for found in attack(Rounding::Shared) {
        assert!(found.are_chance(), "{found:?}, of {BITS} bits");
    }
}

#[test]
fn the_attacks_find_all_bits_without_rounding_or_with_two_roundings() {
    let [means, _] = attack(Rounding::None);
    assert_eq!(means.bits, BITS, "{means:?}");
    let [means, squares] = attack(Rounding::Private);
    assert!(means.are_chance(), "{means:?}, of {BITS} bits");
    assert_eq!(squares.bits, BITS, "{squares:?}");
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

/// The decision on a block sum, `lam` and `T_c` being zero.
fn decision(format: Widths, sum: u32, lam_sum: u32, s_sd: u32) -> u32 {
    let (mut table, mut window, mut bit) = ([0], [sum.wrapping_sub(lam_sum)], [0]);
    block_relu::deal_tables(format, &[lam_sum], &[s_sd], &[0], &mut table);
    block_relu::open_windows(format, &mut window, &[s_sd]);
    block_relu::pick_server(format, &table[0].to_le_bytes(), 0, &window, &mut bit);
    bit[0] ^ block_relu::top_bit(format, window[0])
}

#[test]
fn a_decision_compares_the_sum_with_a_number_that_the_client_knows() {
    let format = Widths { n: 7, k: 10, w: 3, lo: 3 };
    let (half, top) = (1u32 << (format.lo - 1), format.lo + format.w - 1);
    for (sum, lam_sum) in (0..1 << format.n).flat_map(|sum| (0..1 << format.n).map(move |cd| (sum, cd))) {
        let known = lam_sum & ring::mask(format.lo);
        let above = (sum + half).wrapping_sub(known) & ring::mask(format.n);
        for s_sd in 0..1 << format.w {
            assert_eq!(
                decision(format, sum, lam_sum, s_sd),
                1 ^ (above >> top & 1),
                "{sum} {lam_sum} {s_sd}"
            );
        }
        let signed = ring::signed(sum, format.n);
        if signed.abs() < (1 << top) - half as i32 {
            let at_least = signed >= known as i32 - half as i32;
            assert_eq!(decision(format, sum, lam_sum, 0), u32::from(at_least), "{sum} {lam_sum}");
        }
    }
}
