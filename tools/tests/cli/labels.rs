//! Plans that answer with labels.

use std::sync::OnceLock;

use serde_json::Value;

use crate::fixture::folder;
use crate::support::{Listening, brelu, json};

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

/// Outputs and scores of the network that opens them, the largest first, for both pictures.
fn by_scores() -> Vec<Vec<(u64, f64)>> {
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let line =
        format!("infer --plan tiny.plan --server {} --json pictures/0.ppm pictures/5.ppm", server.address);
    let report = json(&brelu(folder(), &line).succeeds());
    let scores = |image: &Value| -> Vec<(u64, f64)> {
        let values = image["top"].as_array().unwrap().iter().map(|class| class["value"].as_f64().unwrap());
        outputs(image).into_iter().zip(values).collect()
    };
    report["images"].as_array().unwrap().iter().map(scores).collect()
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
        let report = json(&brelu(folder(), &format!("{infer} --json")).succeeds());
        assert_eq!(report["expected_round_trips"], trips);
        for (image, want) in report["images"].as_array().unwrap().iter().zip(&want) {
            assert_eq!((&image["exact"], &image["round_trips"]), (&true.into(), &trips.into()));
            let labels = outputs(image);
            assert_eq!((labels.len(), labels[0]), (count, want[0].0));
            // Lower ranks may be nearly equal.
            for (label, (_, value)) in labels.iter().zip(want) {
                let own = want.iter().find(|(output, _)| output == label).unwrap().1;
                assert!((own - value).abs() < 0.05, "{labels:?} {want:?}");
            }
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
        let ranks = report.get("ranks").map(|ranks| ranks.as_f64().unwrap());
        assert!(if count == 1 { ranks.is_none() } else { ranks.unwrap() > 0.8 }, "{report}");
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
    assert_eq!(bytes(&report) - opened(&report), bytes(&with_scores) - opened(&with_scores));
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
