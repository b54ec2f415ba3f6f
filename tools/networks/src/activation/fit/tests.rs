use super::super::Elementary;
use super::*;

fn sigmoid() -> Smooth {
    Elementary::Sigmoid.into()
}

fn wide() -> Density {
    Density::normal(0.0, 3.0)
}

/// The largest error of a plain least-squares fit with 6 and with 10 knots.
#[test]
fn errors_are_at_most_those_of_plain_least_squares() {
    let functions = [
        ("sigmoid", sigmoid(), [0.017, 0.006]),
        ("silu", Smooth::silu(1.0), [0.044, 0.013]),
        ("gelu", Smooth::gelu(), [0.023, 0.007]),
        ("elu", Elementary::Elu { alpha: 1.0 }.into(), [0.014, 0.005]),
        ("tanh", Elementary::Tanh.into(), [0.034, 0.012]),
    ];
    for (name, function, bounds) in functions {
        for (knots, bound) in [6, 10].into_iter().zip(bounds) {
            let found = fit(&function, &wide(), knots);
            assert!(found.largest < 1.7 * bound, "{name} with {knots} knots: {}", found.largest);
            assert!(found.mean < bound / 2.0, "{name} with {knots} knots: {}", found.mean);
        }
    }
}

#[test]
fn errors_fall_with_the_number_of_knots() {
    for function in
        [Smooth::mish(), Smooth::gelu_by_tanh(), Elementary::Softplus.into(), Elementary::Erf.into()]
    {
        let errors = [4, 8, 16].map(|knots| fit(&function, &wide(), knots).relative);
        assert!(errors[0] > 2.0 * errors[1] && errors[1] > 1.5 * errors[2], "{function:?}: {errors:?}");
        assert!(errors[2] < 0.004, "{function:?}: {errors:?}");
    }
}

#[test]
fn knots_are_where_the_inputs_are() {
    let function = Smooth::silu(1.0);
    let narrow = Density::of((0..500).map(|at| -2.0 + at as f32 / 500.0));
    let [here, anywhere] = [&narrow, &wide()].map(|density| {
        let activation = fit(&function, density, 6).activation;
        narrow.mean(|z| (f64::from(activation.of(z as f32)) - function.exact(z)).abs())
    });
    assert!(here < anywhere / 3.0, "{here} {anywhere}");
}

#[test]
fn asymptotes_hold_beyond_everything_that_was_seen() {
    let density = Density::of([-0.5, 0.1, 0.2, 0.7]);
    for function in [sigmoid(), Smooth::silu(1.0), Smooth::selu(1.673, 1.051), Elementary::Softplus.into()] {
        let found = fit(&function, &density, 6);
        for z in [-500.0f32, -80.0, 80.0, 500.0] {
            let missed = (found.activation.of(z) - function.of(z)).abs();
            assert!(missed < 0.01 * (1.0 + function.of(z).abs() / 100.0), "{function:?} of {z}: {missed}");
        }
    }
}

/// Slopes are whole multiples of a number that is not too small.
#[test]
fn slopes_have_a_common_measure() {
    for function in [
        sigmoid(),
        Smooth::silu(1.0),
        Smooth::selu(1.673, 1.051),
        Smooth::gated(Activation::hard_sigmoid(1.0 / 6.0, 0.5).unwrap()),
    ] {
        let slopes: Vec<f32> = fit(&function, &wide(), 8).activation.slopes().collect();
        let steepest = slopes.iter().fold(0f32, |most, slope| most.max(slope.abs()));
        let whole = |parts: &f32| {
            slopes
                .iter()
                .all(|slope| (slope / steepest * parts - (slope / steepest * parts).round()).abs() < 1e-3)
        };
        let parts = (1..=96).map(|parts| parts as f32).find(whole);
        assert!(parts.is_some(), "{function:?}: {slopes:?}");
    }
}

#[test]
fn the_fewest_knots_that_are_close_enough() {
    let coarse = fit_within(&sigmoid(), &wide(), 0.05, FEWEST);
    let fine = fit_within(&sigmoid(), &wide(), 0.005, FEWEST);
    assert!(coarse.relative <= 0.05 && fine.relative <= 0.005);
    assert!(coarse.activation.knots().len() < fine.activation.knots().len());
    assert!(fit_within(&sigmoid(), &wide(), 0.0, FEWEST).activation.knots().len() <= MOST);
}

#[test]
fn any_density_and_any_function_have_a_fit() {
    let densities =
        [Density::of([]), Density::of([3.0]), Density::of([0.0; 9]), Density::of([-1e4, f32::NAN, 1e4])];
    let functions = [
        sigmoid(),
        Smooth::mish(),
        Elementary::Exp.into(),
        Elementary::Log.into(),
        Elementary::Softsign.into(),
    ];
    for density in &densities {
        for function in &functions {
            let found = fit(function, density, 6);
            assert!(found.activation.knots().len() <= 6);
        }
    }
}
