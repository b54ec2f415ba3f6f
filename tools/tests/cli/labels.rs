//! Plans that answer with labels.

use std::sync::OnceLock;

use serde_json::Value;

use crate::fixture::folder;
use crate::support::{Listening, brelu, json, json_lines};

const COMPILE: &str = "compile tiny.onnx --calibrate pictures --labels labels.txt --mean .5 --std .25";
const FORMAT: &str = "--bits 29 --fraction 13 --window 9";

/// Compiles the plans `label` and `three`, once for all tests, and returns what was printed.
fn compiled() -> &'static [String; 2] {
    static PRINTED: OnceLock<[String; 2]> = OnceLock::new();
    PRINTED.get_or_init(|| {
        [("label", "label"), ("three", "top:3")].map(|(name, answer)| {
            brelu(folder(), &format!("{COMPILE} {FORMAT} -o {name} --answer {answer}")).succeeds()
        })
    })
}

fn outputs(image: &Value) -> Vec<u64> {
    image["top"].as_array().unwrap().iter().map(|class| class["output"].as_u64().unwrap()).collect()
}

/// What the network with scores says of a picture: outputs and scores, the largest first.
type Scores = Vec<(u64, f64)>;

fn scores(image: &Value) -> Scores {
    let values = image["top"].as_array().unwrap().iter().map(|class| class["value"].as_f64().unwrap());
    outputs(image).into_iter().zip(values).collect()
}

/// Whether labels are in the order of the scores, as far as these are not nearly the same: two inferences round differently.
fn in_order(labels: &[u64], scores: &Scores) -> bool {
    let of = |label: &u64| scores.iter().find(|(output, _)| output == label).map(|(_, score)| *score);
    let (largest, smallest) = (scores[0].1, scores[scores.len() - 1].1);
    let near = |(label, (_, score)): (&u64, &(u64, f64))| {
        of(label).is_some_and(|own| (own - score).abs() <= (largest - smallest) / 16.0)
    };
    let mut distinct = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() == labels.len() && labels.iter().zip(scores).all(near)
}

/// What the network with scores says for two pictures.
fn by_scores() -> Vec<Scores> {
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let line =
        format!("infer --plan tiny.plan --server {} --json pictures/0.ppm pictures/5.ppm", server.address);
    let report = json_lines(&brelu(folder(), &line).succeeds());
    report.iter().map(scores).collect()
}

#[test]
fn three_processes_open_nothing_but_labels() {
    compiled();
    let want = by_scores();
    for (name, count, trips) in [("label", 1, 1 + 2), ("three", 3, 1 + 3 + 3)] {
        let dealer = Listening::start(folder(), "deal");
        let line = format!("serve --plan {name}.plan --weights {name}.weights --dealer {}", dealer.address);
        let server = Listening::start(folder(), &line);
        let infer =
            format!("infer --plan {name}.plan --server {} pictures/0.ppm pictures/5.ppm", server.address);
        let images = json_lines(&brelu(folder(), &format!("{infer} --json")).succeeds());
        for (image, want) in images.iter().zip(&want) {
            assert_eq!(image["expected_round_trips"], trips);
            assert_eq!((&image["exact"], &image["round_trips"]), (&true.into(), &trips.into()));
            let labels = outputs(image);
            assert!(labels.len() == count && in_order(&labels, want), "{labels:?} {want:?}");
            assert!(image["top"].as_array().unwrap().iter().all(|class| class.get("value").is_none()));
        }
        let text = brelu(folder(), &infer).succeeds();
        let names = ["warm", "cold", "light", "dark"];
        let label = format!("pictures/0.ppm\n  {}\n", names[want[0][0].0 as usize]);
        assert!(text.contains(&label) && text.contains("traffic equals the formulas: yes"), "{text}");
        let evaluate = format!(
            "evaluate --plan {name}.plan --server {} --data pictures --model tiny.onnx",
            server.address
        );
        let report = json(&brelu(folder(), &format!("{evaluate} --json")).succeeds());
        assert_eq!((&report["agreement"], &report["exact"]), (&1.0.into(), &true.into()), "{report}");
        assert_eq!((&report["mean_error"], &report["top5"]), (&Value::Null, &Value::Null));
        let ranks = report.get("ranks").map(|share| share.as_f64().unwrap() > 0.5);
        assert_eq!(ranks, (count > 1).then_some(true), "{report}");
        let text = brelu(folder(), &evaluate).succeeds();
        assert!(text.contains("agreement with float 100.00 %") && !text.contains("logit error"), "{text}");
    }
}

#[test]
fn simulations_give_labels() {
    compiled();
    let line = "evaluate --plan three.plan --simulate --weights three.weights --data pictures --model tiny.onnx --json";
    let report = json(&brelu(folder(), line).succeeds());
    assert_eq!((&report["agreement"], &report["out_of_range"]), (&1.0.into(), &0.into()), "{report}");
}

#[test]
fn the_cost_of_labels_is_told() {
    let [label, three] = compiled();
    assert!(
        label.contains("the label of the largest of 4 scores, 2 bits each; compared in 18 bits"),
        "{label}"
    );
    assert!(label.contains("with scores") && label.contains("in all, 1 round trips"), "{label}");
    assert!(three.contains("the labels of the 3 largest of 4 scores, 2 bits each"), "{three}");
    let with_scores = json(&brelu(folder(), "inspect tiny.plan --json").succeeds());
    assert_eq!(with_scores["answer"]["labels"], Value::Null);
    let report = json(&brelu(folder(), "inspect label.plan --json").succeeds());
    let (answer, bytes) = (&report["answer"], |report: &Value| report["bytes"]["total"].as_u64().unwrap());
    assert_eq!((&answer["labels"], &answer["classes"], &answer["bits"]), (&1.into(), &4.into(), &2.into()));
    assert_eq!((&answer["decisions"], &answer["round_trips"]), (&3.into(), &2.into()));
    let opened = |report: &Value| report["answer"]["bytes"]["total"].as_u64().unwrap();
    // Scores that are opened are exact: of each of the four, dealer and client send 13 bits more.
    let exact = 2 * (4u64 * 13).div_ceil(8);
    assert_eq!(bytes(&report) - opened(&report) + exact, bytes(&with_scores) - opened(&with_scores));
    let text = brelu(folder(), "inspect label.plan").succeeds();
    assert!(
        text.contains("answer        the label of the largest of 4 scores, 2 bits each; choosing takes"),
        "{text}"
    );
    assert!(text.contains("2 round trips, 3 decisions"), "{text}");
    let record = std::fs::read_to_string(folder().join("label.json")).unwrap();
    assert_eq!(json(&record)["report"]["labels"]["classes"], 4);
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let compile = format!("{COMPILE} {FORMAT} -o refused");
    let words = "an answer is scores, label, or top:N with a number of labels N";
    brelu(folder(), &format!("{compile} --answer best")).misuses(&[words]);
    brelu(folder(), &format!("{compile} --answer top:0")).misuses(&["0 is no number of labels"]);
    brelu(folder(), &format!("{compile} --answer top:many")).misuses(&["many is no number of labels"]);
    brelu(folder(), &format!("{compile} --answer label --label-window 12")).misuses(&["2..=11"]);
    brelu(folder(), &format!("{compile} --label-window 9"))
        .fails(&["--label-window is for labels", "--answer label"]);
    brelu(folder(), &format!("{compile} --answer top:5"))
        .fails(&["no 5 labels among 4 outputs: ask for 1 to 4"]);
    assert!(!folder().join("refused.plan").exists());
}

#[test]
fn the_window_of_labels_can_be_fixed() {
    let compile = format!("{COMPILE} {FORMAT} -o narrow --answer label --label-window 5");
    let text = brelu(folder(), &compile).succeeds();
    assert!(text.contains("compared in 18 bits, w 5 at "), "{text}");
}
