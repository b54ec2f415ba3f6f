//! Every product, share and rounding of a small ring.

extern crate std;

use std::vec::Vec;

use super::*;

const N: u8 = 3;
const F: u8 = 2;
const WIDE: u32 = 1 << (N + F);

/// How server and dealer may round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rounding {
    /// Not at all.
    None,
    /// Each by itself.
    Private,
    /// By the same number.
    Shared,
}

impl Rounding {
    /// The server's and the dealer's number: all pairs, equally likely.
    fn pairs(self) -> Vec<[u32; 2]> {
        let all = 0..1 << F;
        match self {
            Self::None => std::vec![[0, 0]],
            Self::Private => {
                all.clone().flat_map(|server| all.clone().map(move |own| [server, own])).collect()
            }
            Self::Shared => all.map(|both| [both; 2]).collect(),
        }
    }
}

/// What the parties make of `a * W + start`, `x_cd * W_sd` and `x_cd * W_cs`; the masks have to cancel.
fn result([a, d, p]: [u32; 3], [server_rounding, dealer_rounding]: [u32; 2], n: u8, f: u8) -> u32 {
    let (zeta, z_cd) = (a.wrapping_mul(5) & ring::mask(n), d.wrapping_mul(3) & ring::mask(n));
    let (mut u, mut v, mut z) = ([d], [p], [a]);
    dealer(&mut u, &[dealer_rounding], &[zeta], &[z_cd], n, f);
    client(&mut v, &[zeta], n, f);
    server(&mut z, &[server_rounding], &u, &v, n, f);
    z[0].wrapping_add(z_cd) & ring::mask(n)
}

/// How often each result comes out for one way to split a sum.
fn distribution(products: [u32; 3], rounding: Rounding) -> [u32; 1 << N] {
    let mut counts = [0; 1 << N];
    for pair in rounding.pairs() {
        counts[result(products, pair, N, F) as usize] += 1;
    }
    counts
}

/// Whether `statistic` of the distribution is the same for all `A` and `D` with one sum, for all sums and `P`.
fn depends_on_the_sum_only<T: PartialEq>(rounding: Rounding, statistic: impl Fn([u32; 1 << N]) -> T) -> bool {
    let of = |a: u32, sum: u32, p| statistic(distribution([a, sum.wrapping_sub(a), p], rounding));
    (0..WIDE).all(|p| (0..WIDE).all(|sum| (1..WIDE).all(|a| of(a, sum, p) == of(0, sum, p))))
}

/// The mean, in units times the number of roundings, for distributions that lie within a fourth of the ring.
fn mean(counts: [u32; 1 << N]) -> i32 {
    let first =
        (0..counts.len()).find(|at| counts[*at] > 0 && counts[(at + counts.len() - 1) % counts.len()] == 0);
    let first = first.unwrap_or(0);
    let steps =
        (0..counts.len()).map(|step| step as i32 * counts[(first + step) % counts.len()] as i32).sum::<i32>();
    steps + first as i32 * counts.iter().sum::<u32>() as i32
}

#[test]
fn results_tell_nothing_but_the_sum() {
    assert!(depends_on_the_sum_only(Rounding::Shared, |counts| counts));
}

#[test]
fn without_rounding_means_tell_more_and_with_two_roundings_variances_do() {
    assert!(!depends_on_the_sum_only(Rounding::None, mean));
    let unbiased = |counts| mean(counts) % (1 << (N + 2 * F));
    assert!(depends_on_the_sum_only(Rounding::Private, unbiased), "means are those of the sum");
    assert!(!depends_on_the_sum_only(Rounding::Private, |counts| counts));
}

#[test]
fn the_result_is_one_high_part_with_a_uniform_rounding() {
    for [a, d, p] in products(N + F) {
        let mut seen = 0u32;
        for r in 0..1 << F {
            let t = a.wrapping_add(r) & ring::mask(F);
            seen |= 1 << t;
            let sum = a.wrapping_add(d);
            let want = ring::high(sum.wrapping_sub(t), N + F, F) + ring::high(p, N + F, F);
            assert_eq!(result([a, d, p], [r; 2], N, F), want & ring::mask(N));
        }
        assert_eq!(seen, ring::mask(1 << F), "t takes every value once");
    }
}

#[test]
fn errors_are_at_most_one_and_a_half_units() {
    for [a, d, p] in products(N + F) {
        let exact = a.wrapping_add(d).wrapping_add(p);
        let started = a.wrapping_add(start(0, F));
        for r in 0..1 << F {
            let got = result([started, d, p], [r; 2], N, F) << F;
            let error = ring::signed(got.wrapping_sub(exact), N + F);
            assert!(2 * error.abs() <= 3 << F, "error {error} / {}", 1 << F);
        }
    }
}

#[test]
fn without_fraction_bits_the_result_is_exact() {
    for [a, d, p] in products(N) {
        let started = start(a as i32, 0);
        assert_eq!(result([started, d, p], [0; 2], N, 0), a.wrapping_add(d).wrapping_add(p) & ring::mask(N));
    }
    assert_eq!(result([start(-7, 0), 5, 1 << 31], [0; 2], 32, 0), (1 << 31) - 2);
}

/// All triples of residues.
fn products(bits: u8) -> impl Iterator<Item = [u32; 3]> {
    let all = 0..1 << bits;
    let pairs = all.clone().flat_map(move |a| all.clone().map(move |d| [a, d]));
    pairs.flat_map(move |[a, d]| (0..1 << bits).map(move |p| [a, d, p]))
}
