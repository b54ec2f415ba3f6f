//! Proofs by SMT, for all values at real formats.

mod agreement;
mod planted;
mod proofs;

use brelu_proofs::claim::{Claim, Verdict};

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
