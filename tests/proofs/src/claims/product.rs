//! Products of two secret tensors.

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;
use brelu_core::word::Word;

use super::{title, unknowns};
use crate::claim::Claim;
use crate::product::{Factors, ProductContext};
use crate::steps::Steps;
use crate::symbol::Symbol;

fn factors([x, g]: [&str; 2], bits: u8, count: usize) -> Factors<Symbol> {
    Factors { x: unknowns(x, bits, count), g: unknowns(g, bits, count) }
}

/// What a server may know and send, all of it unknown.
pub(super) fn context(format: Widths, pixels: usize) -> ProductContext<Symbol> {
    let Widths { n, k, .. } = format;
    ProductContext {
        opened: factors(["o_x", "o_g"], k, pixels),
        cd: factors(["x_cd", "g_cd"], k, pixels),
        masks: factors(["alpha", "beta"], k, pixels),
        rounding: unknowns("r", k - n, pixels),
    }
}

/// The three summands of a product add up to it: whether they do for factors and masks that are zero or one.
///
/// Each summand is a polynomial of degree one in every component and mask, and so is the product. Such a polynomial over a
/// ring is zero everywhere if it is zero where every variable is zero or one.
pub fn summands_add_up(steps: &Steps) -> bool {
    (0..64u32).all(|case| {
        let bit = |at: u32| vec![case >> at & 1];
        let pair = |at: u32| Factors { x: bit(at), g: bit(at + 1) };
        let (a, cd, masks) = (pair(0), pair(2), pair(4));
        let opened = steps.open_factors(&a, &masks);
        let parts =
            [steps.server_factors(&a), steps.client_factors(&opened, &cd), steps.dealer_factors(&cd, &masks)];
        let sum = parts.iter().fold(0u32, |sum, part| sum.wrapping_add(part[0]));
        let product = (a.x[0] + cd.x[0]) * (a.g[0] + cd.g[0]);
        ring::low(sum, steps.format.k) == ring::low(product, steps.format.k)
    })
}

/// What is opened of a factor is a bijection of its mask: `alpha` is what `o_x` is more than `a_x`.
pub fn opened_factor(steps: &Steps) -> Claim {
    let k = steps.format.k;
    let (a, masks) = (factors(["a_x", "a_g"], 32, 1), factors(["alpha", "beta"], k, 1));
    let opened = steps.open_factors(&a, &masks);
    let low = Symbol::from(ring::mask(k));
    let recovered = |opened: &[Symbol], a: &[Symbol]| opened[0].wrapping_sub(a[0]) & low;
    let same = recovered(&opened.x, &a.x).equals(masks.x[0]) & recovered(&opened.g, &a.g).equals(masks.g[0]);
    Claim::new(title("opened factors", steps.format), same)
}
