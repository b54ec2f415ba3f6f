use super::super::Function;
use super::*;

fn close(function: &Smooth, want: impl Fn(f64) -> f64) {
    for at in -40..=40 {
        let z = f64::from(at) / 4.0;
        assert!((function.exact(z) - want(z)).abs() < 1e-6, "{function:?} of {z}: {}", function.exact(z));
    }
}

#[test]
fn known_functions_are_what_their_names_say() {
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    close(&Smooth::silu(1.0), |z| z * sigmoid(z));
    close(&Smooth::silu(1.5), |z| z * sigmoid(1.5 * z));
    close(&Smooth::mish(), |z| z * z.exp().ln_1p().tanh());
    close(&Smooth::celu(2.0), |z| z.max(0.0) + (2.0 * ((z / 2.0).exp() - 1.0)).min(0.0));
    close(&Elementary::Softplus.into(), |z| (1.0 + z.exp()).ln());
    close(&Elementary::Softsign.into(), |z| z / (1.0 + z.abs()));
    // The integral of the normal density by steps of a thousandth.
    let phi = |z: f64| {
        0.5 + (1..=1000).map(|at| (-(z * (f64::from(at) - 0.5) / 1000.0).powi(2) / 2.0).exp()).sum::<f64>()
            * z
            / 1000.0
            / 2.506_628_274_631
    };
    close(&Smooth::gelu(), |z| z * phi(z));
    for at in -12..=12 {
        let z = at as f32 / 2.0;
        assert!((Smooth::gelu_by_tanh().of(z) - Smooth::gelu().of(z)).abs() < 1e-3, "{z}");
    }
}

#[test]
fn questions_are_answered() {
    let functions: [Smooth; 5] = [
        Elementary::Sigmoid.into(),
        Smooth::silu(1.0),
        Elementary::Elu { alpha: 1.0 }.into(),
        Elementary::Softplus.into(),
        Elementary::Exp.into(),
    ];
    assert_eq!(functions.each_ref().map(Smooth::is_monotone), [true, false, true, true, true]);
    let lines = functions
        .each_ref()
        .map(|function| function.ends().map(|ends| ends.map(|line| (line.slope, line.offset))));
    let [flat, rising] = [(0.0, 0.0), (1.0, 0.0)];
    assert_eq!(
        lines,
        [
            Some([flat, (0.0, 1.0)]),
            Some([flat, rising]),
            Some([(0.0, -1.0), rising]),
            Some([flat, rising]),
            None
        ]
    );
    let bounds = functions.each_ref().map(Smooth::bounds);
    assert_eq!([bounds[0], bounds[2], bounds[3]], [[0.0, 1.0], [-1.0, f32::INFINITY], [0.0, f32::INFINITY]]);
    assert!((bounds[1][0] + 0.2785).abs() < 1e-3 && bounds[1][1] == f32::INFINITY);
    assert!(Function::from(functions[0].clone()).is_non_negative());
}

#[test]
fn asymptotes_beyond_which_steps_overflow() {
    let mut program = Program::default();
    let sigmoid = program.elementary(Elementary::Sigmoid, Operand::Z);
    program.elementary(Elementary::Log, sigmoid);
    let [below, above] = program.finish().unwrap().ends().unwrap();
    assert_eq!([below.slope, below.offset, above.slope, above.offset], [1.0, 0.0, 0.0, 0.0]);
    for steep in [Elementary::Log, Elementary::Sqrt, Elementary::Power { exponent: 2.0 }] {
        assert_eq!(Smooth::from(steep).ends(), None, "{steep:?}");
    }
}

#[test]
fn poles_and_jumps_have_no_ends() {
    let mut program = Program::default();
    let moved = program.affine(1.0, -0.3, Operand::Z);
    program.elementary(Elementary::Reciprocal, moved);
    let mut steep = Program::default();
    let far = steep.affine(1e6, 0.0, Operand::Z);
    steep.elementary(Elementary::Sigmoid, far);
    for function in [Elementary::Reciprocal.into(), program.finish().unwrap(), steep.finish().unwrap()] {
        assert_eq!(function.ends(), None, "{function:?}");
    }
}

#[test]
fn derivatives_are_slopes() {
    let tanh = Smooth::from(Elementary::Tanh);
    for z in [-3.0f32, -0.5, 0.0, 1.0, 20.0] {
        let want = 1.0 - z.tanh().powi(2);
        assert!((tanh.derivative(z) - want).abs() < 1e-6, "{z}");
    }
}

#[test]
fn functions_of_functions() {
    let mut program = Program::default();
    let inner = program.function(&Smooth::silu(1.0).into(), Operand::Z);
    let outer = program.function(&Smooth::mish().into(), inner);
    program.push(Step::Quotient(outer, inner));
    let both = program.finish().unwrap();
    for z in [-2.0, 0.5, 3.0] {
        let inner = Smooth::silu(1.0).exact(z);
        assert!((both.exact(z) - Smooth::mish().exact(inner) / inner).abs() < 1e-12);
    }
}

#[test]
fn programs_have_a_length() {
    let mut program = Program::default();
    assert!(program.clone().finish().is_none());
    for _ in 0..49 {
        program.affine(1.0, 1.0, Operand::Z);
    }
    assert!(program.finish().is_none());
}
