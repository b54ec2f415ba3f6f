//! Labels against the order of the scores.

use brelu_core::cost::{self, Total};
use brelu_core::plan::{Local, Op};

use super::window::{Window, best, scores_only};
use super::*;
use crate::CompileOptions;
use crate::simulate::Simulator;
use crate::tests::{Builder, options, quietly};

/// A reproducible sequence of words.
struct Words(u64);

impl Words {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }

    /// Scores within `reach` of zero.
    fn scores(&mut self, len: usize, reach: u32) -> Vec<i32> {
        (0..len).map(|_| self.below(2 * reach + 1) as i32 - reach as i32).collect()
    }
}

fn question(classes: u32, count: u32, narrow: u8) -> Question {
    Question { count, shape: Shape::new(classes, 1, 1), narrow }
}

/// Only the choice of labels, on scores as the input.
fn alone(question: &Question, window: Window) -> (Vec<u8>, Weights) {
    let (file, weights) = scores_only(question.shape, question.narrow).unwrap();
    append(&Plan::parse(&file).unwrap(), weights, question, window).unwrap()
}

fn total(question: &Question) -> Total {
    let (file, _) = alone(question, Window { width: 2, lo: 0 });
    cost::total(&Plan::parse(&file).unwrap())
}

/// Calls `check` with scores and the labels that are chosen.
fn run(question: &Question, window: Window, cases: u64, reach: u32, mut check: impl FnMut(&[i32], &[usize])) {
    let (file, weights) = alone(question, window);
    let plan = Plan::parse(&file).unwrap();
    let simulator = Simulator::new(&plan, &weights).unwrap();
    let mut words = Words(u64::from(question.shape.channels) << 16 | u64::from(question.count));
    for seed in 0..cases {
        let scores = words.scores(question.shape.len(), reach);
        let input: Vec<u32> = scores.iter().map(|score| *score as u32).collect();
        let labels: Vec<usize> =
            simulator.run(&input, seed).unwrap().output.into_iter().map(|label| label as usize).collect();
        check(&scores, &labels);
    }
}

#[test]
fn exact_comparisons_give_the_largest_in_order() {
    for classes in 2..=12 {
        for count in 1..=classes {
            let question = question(classes, count, 11 - Answer::label_bits(classes));
            let ring = question.ring();
            // Scores as large as their ring allows; many are equal.
            let reach = (1 << (question.narrow - 2)) - 1;
            run(&question, Window { width: ring, lo: 0 }, 40, reach, |scores, labels| {
                assert_eq!(labels, best(scores, 1, 0, count as usize), "{scores:?}");
            });
        }
    }
}

#[test]
fn many_classes_and_maps() {
    for (classes, count, map) in [(21, 1, [3, 5]), (21, 3, [2, 3]), (100, 5, [1, 1]), (63, 2, [1, 2])] {
        let shape = Shape::new(classes, map[0], map[1]);
        let question = Question { count, shape, narrow: 11 - Answer::label_bits(classes) };
        let reach = (1 << (question.narrow - 2)) - 1;
        let (plane, count) = (shape.plane(), count as usize);
        run(&question, Window { width: 11, lo: 0 }, 20, reach, |scores, labels| {
            for pixel in 0..plane {
                let got: Vec<usize> = labels.iter().skip(pixel).step_by(plane).copied().collect();
                assert_eq!(got, best(scores, plane, pixel, count));
            }
        });
    }
}

/// A comparison errs by half a unit of its window at most, and what went wrong at one level moves no later result by more: a
/// maximum changes by no more than its arguments do.
#[test]
fn near_ties_differ_by_no_more_than_the_window_leaves_out() {
    for (classes, count) in [(10, 1), (10, 3), (37, 1), (16, 16)] {
        let question = question(classes, count, 12);
        let (ring, bits, count) = (question.ring(), question.bits(), count as usize);
        let window = Window { width: 6, lo: ring - 6 };
        let levels = f64::from(total(&question).round_trips);
        let allowed = levels * f64::from(window.lo - 1).exp2();
        let mut others = 0;
        run(&question, window, 400, 1 << 9, |scores, labels| {
            let number = |label: &usize| f64::from((scores[*label] << bits) + *label as i32);
            let want = best(scores, 1, 0, count);
            for (label, want) in labels.iter().zip(&want) {
                assert!((number(label) - number(want)).abs() <= allowed, "{scores:?} {labels:?}");
            }
            let mut distinct = labels.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), count, "a label came twice");
            others += usize::from(labels != want);
        });
        assert!(others > 0, "a window of 6 bits leaves out what decides");
    }
}

#[test]
fn one_label_takes_a_decision_less_than_classes_and_the_logarithm_of_round_trips() {
    for classes in 2..=40u32 {
        let total = total(&question(classes, 1, 8));
        assert_eq!(total.decisions, u64::from(classes) - 1);
        assert_eq!(total.round_trips, u32::BITS - (classes - 1).leading_zeros());
    }
    // Four lists of two are sorted, then merged in two rounds: two comparators meet, one sorts.
    let pairs = total(&question(8, 2, 8));
    assert_eq!((pairs.decisions, pairs.round_trips), (4 + 3 * 3, 1 + 2 * 2));
    assert_eq!(total(&question(1000, 1, 12)).round_trips, 10);
    let five = total(&question(1000, 5, 12));
    assert_eq!(five.round_trips, 6 + 8 * 4);
}

#[test]
fn nothing_but_indices_is_opened() {
    for (classes, count, bits) in [(2, 1, 2), (10, 1, 4), (21, 3, 5), (1000, 5, 10)] {
        let (file, _) = alone(&question(classes, count, 12), Window { width: 8, lo: 4 });
        let plan = Plan::parse(&file).unwrap();
        assert_eq!(cost::opening(&plan, plan.output_id()), cost::output(bits, u64::from(count)));
        assert_eq!(plan.header().answer, Answer::Labels { count, classes });
        assert_eq!((plan.output().bits, plan.output().shape), (bits, Shape::new(count, 1, 1)));
    }
}

#[test]
fn a_window_holds_what_was_seen_and_no_more() {
    let holds = |window: Window, most: f64| {
        let half = if window.lo == 0 { 0.0 } else { f64::from(window.lo).exp2() / 2.0 };
        most < f64::from(window.lo + window.width - 1).exp2() - half
    };
    for most in [0.0, 1.0, 3.0, 100.0, 127.0, 128.0, 1000.0, 32_000.0] {
        for width in 2..=11 {
            let window = Window::holding(most, width, 17);
            assert!(holds(window, most), "{most} {window:?}");
            assert!(
                window.lo == 0 || !holds(Window { lo: window.lo - 1, ..window }, most),
                "{most} {window:?}"
            );
        }
    }
    // Beyond the ring nothing holds; its whole width is the best there is.
    assert_eq!(Window::holding(1e9, 11, 16), Window { width: 11, lo: 5 });
}

fn network(outputs: u32, map: bool) -> Builder {
    let mut builder = Builder::new(6, 6);
    let x = builder.conv(builder.input(), 8, 3, 1, 1);
    let x = builder.relu(x);
    let x = match map {
        true => x,
        false => builder.push(brelu_networks::graph::Op::Reshape(Shape::new(288, 1, 1)), &[x]),
    };
    builder.conv(x, outputs, 1, 1, 1);
    builder
}

#[test]
fn compiled_networks_answer_with_the_labels_of_their_scores() {
    for (map, count) in [(false, 1), (false, 4), (true, 1)] {
        let mut builder = network(10, map);
        let images = builder.images(24);
        let scores = options(&builder.graph);
        let answer = Some(LabelOptions { count, window: None });
        let labels = CompileOptions { answer, ..scores.clone() };
        let [scores, labels] =
            [scores, labels].map(|options| quietly(&builder.graph, &images, &options).unwrap());
        let report = labels.report.labels.unwrap();
        let [with_scores, with_labels] =
            [&scores, &labels].map(|compiled| cost::total(&Plan::parse(&compiled.plan).unwrap()));
        assert_eq!(report.scores_bytes, with_scores.bytes.total());
        assert_eq!(report.scores_round_trips, with_scores.round_trips);
        assert_eq!(labels.report.round_trips, with_labels.round_trips as usize);
        assert!(report.agreement > 0.99, "{report:?}");
        let plane = if map { 36 } else { 1 };
        if count == 1 {
            assert_eq!(with_labels.decisions, with_scores.decisions + 9 * plane);
            assert_eq!(with_labels.round_trips, with_scores.round_trips + 4);
        }
        let plan = Plan::parse(&labels.plan).unwrap();
        assert_eq!(plan.scores(), Plan::parse(&scores.plan).unwrap().output().shape);
        let shifts =
            plan.nodes().filter(|(_, node)| matches!(node.op, Op::Local(Local::Shift { .. }))).count();
        assert_eq!(shifts, 1);
    }
}

#[test]
fn what_cannot_be_chosen_is_refused() {
    let mut builder = network(10, false);
    let images = builder.images(2);
    let refused = |answer: LabelOptions, format, part: &str| {
        let options = CompileOptions { answer: Some(answer), format, ..options(&builder.graph) };
        let error = quietly(&builder.graph, &images, &options).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let format = |narrow, fraction| Some(crate::Format { narrow, fraction, window: 9 });
    let label = LabelOptions { count: 1, window: None };
    refused(
        LabelOptions { count: 11, ..label },
        format(16, 12),
        "no 11 labels among 10 outputs: ask for 1 to 10",
    );
    refused(LabelOptions { count: 0, ..label }, format(16, 12), "ask for 1 to 10");
    refused(LabelOptions { window: Some(12), ..label }, format(16, 12), "2 to 11 bits, not 12");
    refused(label, format(29, 3), "a score has 29 bits and its index 4, which is more than the 32");
    let mut single = network(1, false);
    let images = single.images(2);
    let options = CompileOptions { answer: Some(label), ..options(&single.graph) };
    let error = quietly(&single.graph, &images, &options).unwrap_err().to_string();
    assert!(error.contains("one output, which is no choice among classes"), "{error}");
}

#[test]
fn a_plan_without_room_for_the_choice_is_refused() {
    let question = question(300, 300, 12);
    let (file, weights) = scores_only(question.shape, question.narrow).unwrap();
    let window = Window { width: 8, lo: 4 };
    let error = append(&Plan::parse(&file).unwrap(), weights, &question, window).unwrap_err().to_string();
    assert!(error.contains("to choose 300 of 300 labels takes a plan of"), "{error}");
}
