use brelu_core::protocol::block_relu::Widths;
use brelu_proofs::claims::{self, FORMATS, Route, SHARES};
use brelu_proofs::lanes::Name;
use brelu_proofs::solver;
use brelu_proofs::steps::Steps;

use super::{functions, prove};

/// Calls `test` for every format, if there is a solver.
fn at_every_format(test: impl Fn(&Steps)) {
    if solver::is_there() {
        FORMATS.iter().for_each(|format| test(&Steps::new(*format)));
    }
}

/// The format without fraction bits: K = n.
fn without_fraction(steps: &Steps) -> Steps {
    Steps::new(Widths { n: steps.format.k, ..steps.format })
}

#[test]
fn a_linear_layer_is_off_by_one_and_a_half_units_at_most() {
    at_every_format(|steps| prove(&claims::truncation(steps)));
}

#[test]
fn a_linear_layer_that_drops_nothing_is_exact() {
    at_every_format(|steps| prove(&claims::truncation(&without_fraction(steps))));
}

#[test]
fn the_rounding_hides_how_the_sum_is_split() {
    at_every_format(|steps| prove(&claims::rounding(steps)));
}

#[test]
fn decisions_are_exact_outside_of_what_the_window_ignores() {
    at_every_format(|steps| {
        for lo in 0..=steps.format.n - steps.format.w {
            prove(&claims::decision(&Steps::new(Widths { lo, ..steps.format })));
        }
    });
}

#[test]
fn select_multiplies_a_decision_with_its_pixel() {
    at_every_format(|steps| prove(&claims::selection(steps)));
}

#[test]
fn select_within_one_ring_is_exact_for_every_value() {
    at_every_format(|steps| {
        let format = Widths { k: steps.format.n, ..steps.format };
        prove(&claims::selection(&Steps::new(format)));
    });
}

#[test]
fn shares_of_the_client_may_be_anything() {
    at_every_format(|steps| {
        prove(&claims::activation_mask(steps));
        for share in SHARES {
            prove(&claims::dealing_out(steps, share));
            for decision in [false, true] {
                prove(&claims::effect::<false>(steps, share, decision));
                prove(&claims::effect::<true>(steps, share, decision));
            }
        }
    });
}

#[test]
fn a_function_of_one_knot_is_a_relu() {
    at_every_format(|steps| {
        prove(&claims::one_knot::<false>(steps.format));
        prove(&claims::one_knot::<true>(steps.format));
    });
}

#[test]
fn functions_of_several_knots_are_exact() {
    at_every_format(|steps| {
        for function in functions() {
            let bits = 2 * function.view().len();
            for case in 0..1u32 << bits {
                let cases: Vec<_> =
                    (0..bits).step_by(2).map(|at| [at, at + 1].map(|at| case >> at & 1 == 1)).collect();
                prove(&claims::knots(steps, function.view(), &cases));
            }
        }
    });
}

#[test]
fn a_pixel_of_its_own_is_a_relu() {
    at_every_format(|steps| prove(&claims::block(steps, 1)));
}

#[test]
fn two_pixels_of_a_block_share_its_decision() {
    if solver::is_there() {
        prove(&claims::block(&Steps::new(FORMATS[0]), 2));
    }
}

#[test]
fn an_extended_value_is_the_same() {
    at_every_format(|steps| prove(&claims::extension(steps)));
}

#[test]
fn an_input_that_is_split_and_opened_is_the_same() {
    at_every_format(|steps| prove(&claims::input(steps)));
}

#[test]
fn the_summands_of_a_product_add_up() {
    for format in FORMATS {
        let steps = Steps::new(format);
        assert!(claims::summands_add_up(&steps) && claims::summands_add_up(&without_fraction(&steps)));
    }
}

#[test]
fn opened_factors_are_bijections_of_their_masks() {
    at_every_format(|steps| prove(&claims::opened_factor(steps)));
}

const LAYERS: [claims::Layer; 4] = [claims::LINEAR, claims::ACTIVATION, claims::EXTENSION, claims::PRODUCT];

#[test]
fn masks_are_recovered_from_the_view_of_a_server_that_deviates() {
    at_every_format(|steps| {
        for layer in LAYERS {
            prove(&claims::view(layer, Route::MasksFromView, steps, 1));
        }
    });
}

#[test]
fn every_view_of_a_server_that_deviates_comes_from_its_masks() {
    at_every_format(|steps| {
        for layer in LAYERS {
            prove(&claims::view(layer, Route::ViewFromMasks, steps, 1));
        }
    });
}

#[test]
fn views_of_blocks_of_two_pixels_are_bijections_too() {
    if solver::is_there() {
        for direction in [Route::MasksFromView, Route::ViewFromMasks] {
            prove(&claims::view(claims::ACTIVATION, direction, &Steps::new(FORMATS[0]), 2));
        }
    }
}

#[test]
fn there_are_as_many_views_as_masks() {
    for format in FORMATS {
        for layer in LAYERS {
            let masks: u32 = layer.masks.iter().map(|mask| mask.bits(format)).sum();
            let seen: u32 = layer.seen.iter().map(|seen| seen.bits(format)).sum();
            assert_eq!(masks, seen, "{}", layer.name);
        }
    }
}
