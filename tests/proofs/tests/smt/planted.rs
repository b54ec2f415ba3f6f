//! Errors in the steps are found, by name and by values.

use brelu_proofs::claim::Claim;
use brelu_proofs::claims::{self, FORMATS, Layer, Route};
use brelu_proofs::fault::Fault;
use brelu_proofs::lanes::Mask;
use brelu_proofs::solver;
use brelu_proofs::steps::Steps;

use super::{functions, refute};

/// Plants `fault` at every format and looks for a counterexample to `claim`.
fn found(fault: Fault, claim: impl Fn(&Steps) -> Claim) {
    if solver::is_there() {
        FORMATS.iter().for_each(|format| refute(&claim(&Steps::with(*format, fault))));
    }
}

#[test]
fn errors_in_a_linear_layer() {
    found(Fault::ZetaSign, claims::truncation);
    found(Fault::PreActivationSign, claims::truncation);
    found(Fault::NoHalves, claims::truncation);
    found(Fault::RoundingOfOneParty, claims::truncation);
    found(Fault::RoundingOfOneParty, claims::rounding);
}

#[test]
fn errors_in_a_decision() {
    found(Fault::NoWindowRounding, claims::decision);
    found(Fault::WindowOffByOne, claims::decision);
    found(Fault::BesideTheWindow, claims::decision);
}

#[test]
fn errors_in_a_selection() {
    found(Fault::NoPublicPart, claims::selection);
    found(Fault::LamSign, |steps| claims::dealing_out(steps, Mask::LamShare));
    found(Fault::PartnersSwapped, |steps| claims::dealing_out(steps, Mask::Carry));
    found(Fault::PartnersSwapped, |steps| claims::dealing_out(steps, Mask::Top));
}

#[test]
fn errors_in_a_knot() {
    for function in functions() {
        found(Fault::KnotSign, |steps| {
            claims::knots(steps, function.view(), &[[true, true], [false, true]][..function.view().len()])
        });
    }
}

#[test]
fn errors_in_a_product() {
    for format in FORMATS {
        for fault in [Fault::FactorSign, Fault::FactorBare] {
            assert!(!claims::summands_add_up(&Steps::with(format, fault)), "{fault:?}");
        }
    }
    found(Fault::FactorBare, claims::opened_factor);
}

#[test]
fn errors_at_the_ends_and_in_an_extension() {
    found(Fault::InputSign, claims::input);
    found(Fault::CrossSign, claims::extension);
    found(Fault::ExtendSign, claims::extension);
}

fn uneven(layer: Layer, fault: Fault) {
    found(fault, |steps| claims::view(layer, Route::ViewFromMasks, steps, 1));
}

#[test]
fn masks_that_are_missing() {
    uneven(claims::LINEAR, Fault::Missing(Mask::Input));
    uneven(claims::LINEAR, Fault::Missing(Mask::Zeta));
    uneven(claims::ACTIVATION, Fault::Missing(Mask::Table));
    uneven(claims::ACTIVATION, Fault::Missing(Mask::Lam));
    uneven(claims::ACTIVATION, Fault::Missing(Mask::Activation));
    uneven(claims::EXTENSION, Fault::Missing(Mask::Extend));
    uneven(claims::PRODUCT, Fault::Missing(Mask::Zeta));
    uneven(claims::PRODUCT, Fault::Missing(Mask::PreActivation));
}

#[test]
fn masks_that_are_used_twice() {
    uneven(claims::LINEAR, Fault::Reused { mask: Mask::Zeta, from: Mask::PreActivation });
    uneven(claims::LINEAR, Fault::Reused { mask: Mask::PreActivation, from: Mask::Input });
    uneven(claims::ACTIVATION, Fault::Reused { mask: Mask::Activation, from: Mask::LamMask });
    uneven(claims::ACTIVATION, Fault::Reused { mask: Mask::Lam, from: Mask::LamShare });
    uneven(claims::ACTIVATION, Fault::Reused { mask: Mask::Top, from: Mask::Carry });
    uneven(claims::EXTENSION, Fault::Reused { mask: Mask::Extend, from: Mask::Cross });
    uneven(claims::PRODUCT, Fault::Reused { mask: Mask::PreActivation, from: Mask::Zeta });
}

#[test]
fn views_with_another_sign_do_not_give_these_masks() {
    for (layer, fault) in [
        (claims::LINEAR, Fault::InputSign),
        (claims::LINEAR, Fault::ZetaSign),
        (claims::ACTIVATION, Fault::LamSign),
        (claims::ACTIVATION, Fault::BesideTheWindow),
        (claims::EXTENSION, Fault::CrossSign),
    ] {
        found(fault, |steps| claims::view(layer, Route::MasksFromView, steps, 1));
    }
}
