//! The claims. Each function runs the steps on unknowns, and says what has to come out.

mod activation;
mod ends;
mod knots;
mod linear;
mod product;
mod views;

pub use activation::{SHARES, activation_mask, block, dealing_out, decision, effect, selection};
pub use ends::{extension, input};
pub use knots::{knots, one_knot};
pub use linear::{rounding, truncation};
pub use product::{opened_factor, summands_add_up};
pub use views::{ACTIVATION, EXTENSION, LINEAR, Layer, PRODUCT, Route, view};

use brelu_core::protocol::block_relu::Widths;

use crate::lanes::{Lanes, Name};
use crate::symbol::Symbol;

/// The formats of the claims, with windows at the top of the pre-activations' ring.
pub const FORMATS: [Widths; 3] = [
    Widths { k: 24, n: 12, w: 6, lo: 6 },
    Widths { k: 28, n: 16, w: 7, lo: 9 },
    Widths { k: 32, n: 20, w: 8, lo: 12 },
];

/// "claim at K = 24, ...", for people.
fn title(what: &str, format: Widths) -> String {
    let Widths { k, n, w, lo } = format;
    format!("{what} at K = {k}, f = {}, n = {n}, w = {w}, lo = {lo}", k - n)
}

/// `count` unknowns of `bits` bits.
fn unknowns(name: &str, bits: u8, count: usize) -> Vec<Symbol> {
    (0..count).map(|_| Symbol::unknown(name, bits)).collect()
}

/// Unknown lanes for one block of `pixels` pixels.
fn lanes<N: Name + std::fmt::Debug>(names: &[N], format: Widths, pixels: usize) -> Lanes<N, Symbol> {
    let mut lanes = Lanes::default();
    for name in names {
        let bits = name.bits(format);
        let elements = if name.is_of_block() { 1 } else { pixels };
        let words = elements * bits.div_ceil(32).max(1) as usize;
        lanes[*name] = unknowns(&format!("{name:?}"), bits.min(32) as u8, words);
    }
    lanes
}
