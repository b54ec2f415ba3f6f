use super::*;
use brelu_networks::numbers::Random;

fn instance(
    random: &mut Random,
    classes: usize,
    choices: usize,
    costs: usize,
    values: usize,
) -> Vec<Vec<Choice>> {
    let choice = |random: &mut Random| {
        let value = random.below(values) as f64 * 10f64.powi(random.below(4) as i32);
        Choice { cost: random.below(costs) as u64, value }
    };
    let class = |random: &mut Random| (0..=random.below(choices)).map(|_| choice(random)).collect();
    (0..classes).map(|_| class(random)).collect()
}

/// The least value of all combinations within `capacity`; whole values, so sums are exact.
fn brute_force(classes: &[Vec<Choice>], capacity: u64) -> Option<f64> {
    let Some((class, rest)) = classes.split_first() else { return Some(0.0) };
    let with = |choice: &Choice| Some(choice.value + brute_force(rest, capacity.checked_sub(choice.cost)?)?);
    class.iter().filter_map(with).min_by(f64::total_cmp)
}

fn bounds(classes: &[Vec<Choice>]) -> (u64, u64) {
    let cost = |class: &Vec<Choice>| (class.iter().map(|c| c.cost).min(), class.iter().map(|c| c.cost).max());
    let ends = classes.iter().map(cost);
    ends.fold((0, 0), |(least, most), (a, b)| (least + a.unwrap(), most + b.unwrap()))
}

fn verify(classes: &[Vec<Choice>], capacity: u64, solution: &Solution) {
    let chosen: Vec<Choice> = classes.iter().zip(&solution.picks).map(|(class, pick)| class[*pick]).collect();
    assert_eq!(solution.cost, chosen.iter().map(|choice| choice.cost).sum::<u64>());
    assert_eq!(solution.value, chosen.iter().map(|choice| choice.value).sum::<f64>());
    assert!(solution.cost <= capacity && solution.bound <= solution.value);
    assert_eq!(solution.optimal, solution.bound == solution.value);
}

#[test]
fn small_instances_are_solved_as_by_trying_everything() {
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let (classes, choices) = (1 + random.below(6), 1 + random.below(6));
        // Few different costs and values make ties, common divisors make gaps that no choice fills.
        let (costs, values) = ([2, 5, 40, 60_000][random.below(4)], [2, 4, 1000][random.below(3)]);
        let mut classes = instance(&mut random, classes, choices, costs, values);
        let factor = [1, 1, 3, 1 << 30][random.below(4)];
        classes.iter_mut().flatten().for_each(|choice| choice.cost *= factor);
        let (least, most) = bounds(&classes);
        let capacity = least + random.below((most - least) as usize + 2) as u64;
        let solution = solve(&classes, capacity, Limits::default()).unwrap();
        verify(&classes, capacity, &solution);
        assert!(solution.optimal, "seed {seed}");
        assert_eq!(Some(solution.value), brute_force(&classes, capacity), "seed {seed}");
    }
}

#[test]
fn values_over_many_magnitudes_are_compared_exactly() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut classes = instance(&mut random, 8, 4, 50, 2);
        classes
            .iter_mut()
            .flatten()
            .for_each(|choice| choice.value = 10f64.powi(random.below(13) as i32 - 12));
        let (least, most) = bounds(&classes);
        let capacity = least + random.below((most - least) as usize + 1) as u64;
        let solution = solve(&classes, capacity, Limits::default()).unwrap();
        let best = brute_force(&classes, capacity).unwrap();
        assert!(solution.optimal && solution.value <= best * (1.0 + 1e-14), "seed {seed}");
    }
}

#[test]
fn the_smallest_numbers_are_compared_exactly() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut classes = instance(&mut random, 6, 4, 50, 2);
        let value = |random: &mut Random| random.below(40) as f64 * f64::from_bits(1 << (seed % 53));
        classes.iter_mut().flatten().for_each(|choice| choice.value = value(&mut random));
        let (least, most) = bounds(&classes);
        let capacity = least + random.below((most - least) as usize + 1) as u64;
        let solution = solve(&classes, capacity, Limits::default()).unwrap();
        assert!(solution.optimal && solution.bound == solution.value, "seed {seed}");
        assert_eq!(Some(solution.value), brute_force(&classes, capacity), "seed {seed}");
    }
}

#[test]
fn a_narrow_search_gives_a_solution_and_a_valid_bound() {
    let limits = [(1, 1 << 20, 1 << 20), (3, 1 << 20, 1 << 20), (1 << 20, 2, 1 << 20), (1 << 20, 1 << 20, 5)];
    let mut unproven = 0;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let classes = instance(&mut random, 12, 8, 60_000, 1000);
        let (least, most) = bounds(&classes);
        let capacity = (least + most) / 3 + least;
        let best = solve(&classes, capacity, Limits::default()).unwrap();
        assert!(best.optimal);
        for (states, nodes, visits) in limits {
            let solution = solve(&classes, capacity, Limits { states, nodes, visits }).unwrap();
            verify(&classes, capacity, &solution);
            assert!(solution.bound <= best.value && best.value <= solution.value, "seed {seed}");
            unproven += u32::from(!solution.optimal);
        }
    }
    assert!(unproven > 0);
}

#[test]
fn many_equal_classes_with_costs_that_never_fit_exactly_are_solved() {
    let class =
        vec![Choice { cost: 0, value: 7.0 }, Choice { cost: 6, value: 3.0 }, Choice { cost: 10, value: 1.0 }];
    let solution = solve(&vec![class; 1000], 4001, Limits::default()).unwrap();
    assert!(solution.optimal);
    // Steps of 6 are worth 4, one of 10 is worth 6: 665 and 1 of them fill 4000.
    assert_eq!(solution.value, 7000.0 - 665.0 * 4.0 - 6.0);
}

#[test]
fn values_that_follow_costs_closely_are_solved() {
    let mut random = Random::new(1);
    let choice = |random: &mut Random| {
        let cost = 1 + random.below(2000) as u64;
        Choice { cost, value: 3000.0 - cost as f64 - random.below(10) as f64 }
    };
    let classes: Vec<Vec<_>> = (0..100).map(|_| (0..10).map(|_| choice(&mut random)).collect()).collect();
    let solution = solve(&classes, 100_000, Limits::default()).unwrap();
    verify(&classes, 100_000, &solution);
    assert!(solution.optimal);
}

#[test]
fn a_capacity_above_everything_takes_the_least_values() {
    let mut random = Random::new(4);
    let classes = instance(&mut random, 50, 9, 100, 1000);
    for capacity in [bounds(&classes).1, u64::MAX] {
        let solution = solve(&classes, capacity, Limits::default()).unwrap();
        let least =
            |class: &Vec<Choice>| class.iter().map(|choice| choice.value).fold(f64::INFINITY, f64::min);
        assert!(solution.optimal);
        assert_eq!(solution.value, classes.iter().map(least).sum::<f64>());
    }
}

#[test]
fn what_cannot_be_solved_is_said() {
    let choice = |cost, value| Choice { cost, value };
    let said = |classes: &[Vec<Choice>], capacity| {
        solve(classes, capacity, Limits::default()).unwrap_err().to_string()
    };
    let classes = [vec![choice(3, 1.0), choice(4, 0.0)], vec![choice(5, 1.0)]];
    assert_eq!(said(&classes, 7), "the cheapest choices cost 8 together, more than the capacity 7: raise it");
    assert!(solve(&classes, 8, Limits::default()).unwrap().optimal);
    assert_eq!(said(&[vec![]], 7), "class 0 has no choices: give it at least one");
    for value in [f64::NAN, f64::INFINITY, -1.0] {
        let expected =
            format!("class 1 choice 0 has the value {value}: values are finite numbers of at least 0");
        assert_eq!(said(&[vec![choice(0, 0.0)], vec![choice(1, value)]], 9), expected);
    }
    assert!(said(&[vec![choice(u64::MAX, 0.0)]], u64::MAX).contains("2^56"));
    assert!(said(&[vec![choice(0, f64::MAX)], vec![choice(0, f64::MAX)]], 0).contains("scale them down"));
    assert_eq!(solve(&[], 0, Limits::default()).unwrap().value, 0.0);
}

#[test]
fn the_front_falls_and_its_points_are_optimal() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let classes = instance(&mut random, 20, 10, 200, 1000);
        let front = front(&classes).unwrap();
        let rates = |pair: &[Point]| (pair[0].value - pair[1].value) / (pair[1].cost - pair[0].cost) as f64;
        let rates: Vec<f64> = front.points.windows(2).map(rates).collect();
        assert!(rates.iter().all(|rate| *rate > 0.0));
        assert!(rates.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-12)), "seed {seed}");
        for (at, point) in front.points.iter().enumerate() {
            let picks = front.picks(at);
            let chosen = || classes.iter().zip(&picks).map(|(class, pick)| class[*pick]);
            assert_eq!(chosen().map(|choice| choice.cost).sum::<u64>(), point.cost);
            let best = solve(&classes, point.cost, Limits::default()).unwrap();
            assert!(best.optimal);
            assert_eq!(chosen().map(|choice| choice.value).sum::<f64>(), best.value, "seed {seed}");
            assert!((best.value - point.value).abs() <= 1e-9 * best.value);
        }
    }
}
