//! Windows chosen together with sizes.

use super::*;
use crate::distortion::WINDOWS;

/// A table so small that all widths and sizes can be tried.
fn windowed(seed: u64) -> Table {
    let sizes = Candidates::List(vec![BlockSize::new(2, 2)]);
    let shapes = [Shape::new(2, 4, 4), Shape::new(2, 3, 3)];
    let mut table = generated_table("windows", &shapes, &sizes, seed);
    for layer in &mut table.layers {
        let most = layer.distortion.iter().fold(0f64, |most, value| most.max(*value));
        let added = |at: usize| (at % layer.sizes.len() > 1) as u8 as f64 * most * 0.1 / (1 + at % 3) as f64;
        let row = |at: usize| WINDOWS.map(|width| (added(at) * 4f64.powi(4 - i32::from(width))) as f32);
        layer.windows = (0..layer.distortion.len()).map(row).collect();
    }
    table
}

/// The least distortion within a budget over all widths, each solved exactly.
fn best_by_trying(table: &Table, budget: u64) -> f64 {
    let none = Constraints::default();
    let mut best = f64::INFINITY;
    for widths in WINDOWS.into_iter().flat_map(|one| WINDOWS.map(|other| [one, other])) {
        let mut classes = Vec::new();
        for (layer, width) in table.layers.iter().zip(widths) {
            let model = CostModel::bytes(Formats::uniform(24, 12, width).unwrap());
            let problem = Problem::new(table, &model, &none).unwrap();
            let format = model.formats.of(&layer.name).unwrap();
            let costs = problem.costs(layer, &(0..layer.sizes.len()).collect::<Vec<_>>(), format);
            for channel in 0..layer.shape.channels as usize {
                let value = |at| windows::value(layer, channel, at, Some(width));
                let choice = |(at, cost): (usize, &u64)| solver::Choice { cost: *cost, value: value(at) };
                classes.push(costs.iter().enumerate().map(choice).collect::<Vec<_>>());
            }
        }
        if let Ok(solution) = solver::solve(&classes, budget, solver::Limits::default()) {
            best = best.min(solution.value);
        }
    }
    best
}

#[test]
fn windows_are_chosen_with_a_valid_bound() {
    let (model, none) = (CostModel::bytes(formats()), Constraints::default());
    let mut near = 0;
    for seed in 0..40 {
        let table = windowed(seed);
        let problem = Problem::new(&table, &model, &none).unwrap();
        let budget = problem.baseline() * (3 + seed % 5) / 10;
        let solution = problem.solve_windows(budget).unwrap();
        let best = best_by_trying(&table, budget);
        assert!(solution.cost <= budget && solution.bound <= best * (1.0 + 1e-12), "seed {seed}");
        assert!(best <= solution.distortion * (1.0 + 1e-12), "seed {seed}");
        near += u32::from(solution.distortion <= best * 1.0001);
        let spec = problem.spec(&solution, budget, &[]);
        let sum: f64 =
            spec.layers.iter().flat_map(|layer| &layer.channels).map(|choice| choice.distortion).sum();
        assert!((sum - solution.distortion).abs() <= 1e-9 * sum && spec.layers[0].window.is_some());
    }
    assert!(near >= 30, "{near} of 40 are the best");
    let table = windowed(1);
    assert!(Problem::new(&table, &model, &none).unwrap().solve_windows(u64::MAX).unwrap().optimal);
}

#[test]
fn windows_need_their_distortions() {
    let (mut table, none) = (windowed(2), Constraints::default());
    let said = |table: &Table, model: &CostModel| {
        Problem::new(table, model, &none).unwrap().solve_windows(u64::MAX).unwrap_err()
    };
    assert_eq!(said(&table, &CostModel::drelus(formats())), KnapsackError::FreeWindows);
    table.layers[0].windows[3][2] = f32::NAN;
    assert_eq!(said(&table, &CostModel::bytes(formats())), KnapsackError::Windows("relu0".into()));
    table.layers[0].windows.clear();
    assert_eq!(said(&table, &CostModel::bytes(formats())), KnapsackError::NoWindows("relu0".into()));
}
