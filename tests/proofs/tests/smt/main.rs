//! Proofs by SMT, for all values at real formats.

mod agreement;
mod planted;
mod proofs;

use brelu_core::plan::{Knot, PiecewiseBuf};
use brelu_proofs::claim::{Claim, Verdict};

/// ReLU6, and a function with a slope and an offset.
fn functions() -> [PiecewiseBuf; 2] {
    let new = |slope, offset, knots: &[Knot]| PiecewiseBuf::new(slope, offset, knots).expect("knots");
    [
        new(0, 0, &[Knot { at: 0, slope: 1 }, Knot { at: 600, slope: -1 }]),
        new(-1, 5, &[Knot { at: -77, slope: 2 }]),
    ]
}

/// Fails unless the claim is proved.
fn prove(claim: &Claim) {
    match claim.decide() {
        Verdict::Proved => {}
        Verdict::Refuted(values) => panic!("{}: wrong for {values}", claim.name()),
        Verdict::Unknown(said) => panic!("{}: no answer from z3: {said}", claim.name()),
    }
}

/// Fails unless there is a counterexample, and prints it.
fn refute(claim: &Claim) {
    match claim.decide() {
        Verdict::Refuted(values) => println!("{}: wrong for {values}", claim.name()),
        Verdict::Proved => panic!("{}: proved in spite of the error", claim.name()),
        Verdict::Unknown(said) => panic!("{}: no answer from z3: {said}", claim.name()),
    }
}
