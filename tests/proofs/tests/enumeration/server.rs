//! A server that deviates sees every view as often as every other, whatever the input is.

use brelu_proofs::enumeration::{self, Extensions, Label, LinearRelu, ReluLinear, Scenario};
use brelu_proofs::fault::Fault;
use brelu_proofs::lanes::Mask;

/// Adaptive strategies of a server.
const STRATEGIES: u64 = 20;

fn even(scenario: &dyn Scenario) {
    if let Err(unequal) = enumeration::check(scenario, None, 0..STRATEGIES) {
        panic!("{unequal}");
    }
}

#[test]
fn linear_layer_and_relu() {
    even(&LinearRelu);
}

#[test]
fn relu_and_linear_layer() {
    even(&ReluLinear);
}

#[test]
fn two_extensions() {
    even(&Extensions);
}

#[test]
fn label_only() {
    even(&Label);
}

/// The counts of each of a few strategies tell, those of one that looks at nothing, too: none has to be lucky.
fn uneven(scenario: &dyn Scenario, fault: Fault) {
    for strategy in [0, 2, 3] {
        let unequal = enumeration::check(scenario, Some(fault), strategy..strategy + 1);
        println!("{fault:?}: {}", unequal.expect_err("planted errors are found"));
    }
}

#[test]
fn masks_that_are_missing_are_found() {
    for mask in [
        Mask::Input,
        Mask::Zeta,
        Mask::PreActivation,
        Mask::Table,
        Mask::Lam,
        Mask::LamShare,
        Mask::LamMask,
        Mask::Carry,
        Mask::Top,
        Mask::LamTop,
        Mask::Activation,
    ] {
        uneven(&LinearRelu, Fault::Missing(mask));
    }
    for mask in [Mask::Cross, Mask::Extend] {
        uneven(&Extensions, Fault::Missing(mask));
    }
    uneven(&Label, Fault::Missing(Mask::Lam));
    uneven(&Label, Fault::Missing(Mask::Activation));
}

#[test]
fn masks_that_are_used_twice_are_found() {
    for (mask, from) in [
        (Mask::Zeta, Mask::PreActivation),
        (Mask::PreActivation, Mask::Input),
        (Mask::Lam, Mask::LamShare),
        (Mask::Table, Mask::Zeta),
        (Mask::Top, Mask::Carry),
        (Mask::LamTop, Mask::Top),
        (Mask::Activation, Mask::LamMask),
        (Mask::Activation, Mask::Input),
    ] {
        uneven(&LinearRelu, Fault::Reused { mask, from });
    }
    uneven(&ReluLinear, Fault::Reused { mask: Mask::Activation, from: Mask::LamMask });
    uneven(&Extensions, Fault::Reused { mask: Mask::Extend, from: Mask::Cross });
    uneven(&Extensions, Fault::Reused { mask: Mask::Zeta, from: Mask::PreActivation });
    uneven(&Label, Fault::Reused { mask: Mask::Activation, from: Mask::LamMask });
}
