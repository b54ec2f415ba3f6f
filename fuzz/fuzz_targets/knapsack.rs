//! The knapsack's solver against trying everything: no panic whatever the numbers are, choices within the capacity, bounds
//! that hold, the best choices where that is said, and no more work than allowed.
#![no_main]

use arbitrary::Arbitrary;
use brelu_budget::knapsack::solver::{Choice, Limits, Solution, front, solve};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Case {
    /// Costs and values; what they become depends on `kind`.
    classes: Vec<Vec<(u16, u16)>>,
    raw: Vec<Vec<(u64, u64)>>,
    kind: u8,
    factor: u8,
    capacity: u64,
    states: u8,
    nodes: u8,
    visits: u16,
}

/// How values are compared: each class may be off by a unit of at most 2^-56 of the greedy solution.
fn tolerance(classes: &[Vec<Choice>]) -> f64 {
    let most = |class: &Vec<Choice>| class.iter().map(|choice| choice.value).fold(0.0, f64::max);
    classes.iter().map(most).sum::<f64>() * 1e-14
}

/// Few costs and values make ties, multiples make gaps, powers of ten make values that drown others.
fn small(case: &Case) -> Vec<Vec<Choice>> {
    let factor = [1, 3, 1 << 30, 1 << 37][usize::from(case.factor % 4)];
    let choice = |(cost, value): &(u16, u16)| {
        let (cost, value) = match case.kind % 4 {
            0 => (cost % 8, f64::from(value % 4)),
            1 => (cost % 50, f64::from(value % 100) * 10f64.powi(i32::from(value / 100 % 12))),
            2 => (*cost, f64::from(*value)),
            _ => (*cost, f64::from(*value) + f64::from(*cost)),
        };
        Choice { cost: u64::from(cost) * factor, value }
    };
    let class = |class: &Vec<(u16, u16)>| class.iter().take(5).map(choice).collect();
    case.classes.iter().take(6).map(class).filter(|class: &Vec<_>| !class.is_empty()).collect()
}

/// Any numbers at all, infinities and costs that overflow among them.
fn raw(case: &Case) -> Vec<Vec<Choice>> {
    let choice = |(cost, value): &(u64, u64)| Choice { cost: *cost, value: f64::from_bits(*value) };
    case.raw.iter().take(6).map(|class| class.iter().take(5).map(choice).collect()).collect()
}

fuzz_target!(|case: Case| {
    let limits = Limits {
        states: usize::from(case.states),
        nodes: usize::from(case.nodes),
        visits: u64::from(case.visits),
    };
    for classes in [small(&case), raw(&case)] {
        let span: u64 = classes.iter().flatten().fold(1u64, |sum, choice| sum.saturating_add(choice.cost));
        for capacity in [case.capacity, case.capacity % span] {
            let best = check(&classes, capacity, Limits::default());
            let hasty = check(&classes, capacity, limits);
            assert_eq!(best.is_some(), hasty.is_some());
            assert!(best.is_none_or(|best| best.optimal));
        }
        hull(&classes);
    }
});

/// The solution, compared with trying everything; `None` where there is none.
fn check(classes: &[Vec<Choice>], capacity: u64, limits: Limits) -> Option<Solution> {
    let best = brute_force(classes, capacity);
    let solution = match solve(classes, capacity, limits) {
        Ok(solution) => solution,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let (best, slack) = (best.expect("it was solved"), tolerance(classes));
    verify(classes, &solution.picks, solution.cost, solution.value);
    assert!(solution.cost <= capacity && best <= solution.value + slack);
    assert!(solution.bound <= best + slack, "{solution:?} {best}");
    assert_eq!(solution.optimal, solution.bound == solution.value);
    assert!(!solution.optimal || solution.value <= best + slack, "{solution:?} {best}");
    // A limit is looked at between classes: one more may be added, to every kept state with every choice.
    let once = 2 * 6 * (limits.states.max(1) as u64 + 1);
    assert!(solution.effort.visits <= limits.visits.saturating_add(6 * once), "{solution:?} {limits:?}");
    Some(solution)
}

fn verify(classes: &[Vec<Choice>], picks: &[usize], cost: u64, value: f64) {
    let chosen = || classes.iter().zip(picks).map(|(class, pick)| class[*pick]);
    assert_eq!(picks.len(), classes.len());
    assert_eq!(chosen().map(|choice| choice.cost).sum::<u64>(), cost);
    assert!((chosen().map(|choice| choice.value).sum::<f64>() - value).abs() <= tolerance(classes));
}

/// The least value of all choices within `capacity`.
fn brute_force(classes: &[Vec<Choice>], capacity: u64) -> Option<f64> {
    let Some((class, rest)) = classes.split_first() else { return Some(0.0) };
    let with = |choice: &Choice| Some(choice.value + brute_force(rest, capacity.checked_sub(choice.cost)?)?);
    class.iter().filter_map(with).min_by(f64::total_cmp)
}

/// Costs rise and values fall along the front, unless a step is lost in a much larger sum, and each of its points is the
/// best for its cost.
fn hull(classes: &[Vec<Choice>]) {
    let Ok(front) = front(classes) else { return };
    let slack = tolerance(classes);
    assert!(
        front.points.windows(2).all(|pair| pair[0].cost < pair[1].cost && pair[0].value >= pair[1].value)
    );
    for (at, point) in front.points.iter().enumerate() {
        verify(classes, &front.picks(at), point.cost, point.value);
        let best = brute_force(classes, point.cost).expect("there is a choice");
        assert!(point.value <= best + slack, "{point:?} {best}");
    }
    let least = classes.iter().filter_map(|class| class.iter().map(|choice| choice.cost).min()).sum::<u64>();
    assert_eq!(front.points[0].cost, least);
}
