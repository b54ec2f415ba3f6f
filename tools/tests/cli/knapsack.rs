//! Block sizes for budgets.

use std::fs;

use brelu_core::geometry::Shape;
use brelu_tools::bench::knapsack::generated_table;
use brelu_tools::blocks::{BlockSize, Candidates, Spec};
use brelu_tools::distortion::{WINDOWS, write_table};

use crate::fixture::folder;
use crate::support::{Ran, brelu};

/// Writes a table of its own for every test.
fn table(name: &str, windows: bool) {
    let shapes = [Shape::new(8, 16, 16), Shape::new(12, 8, 8)];
    let mut table = generated_table("small", &shapes, &Candidates::Auto, 1);
    for layer in table.layers.iter_mut().filter(|_| windows) {
        let row = |value: &f64| WINDOWS.map(|width| (value * 4f64.powi(5 - i32::from(width))) as f32);
        layer.windows = layer.distortion.iter().map(row).collect();
    }
    write_table(&folder().join(name), &table).unwrap();
}

fn run(line: &str) -> Ran {
    brelu(folder(), line)
}

fn spec(name: &str) -> Spec {
    Spec::read(&folder().join(name)).unwrap()
}

#[test]
fn one_budget_is_told_by_layer() {
    table("one.parquet", false);
    let text = run("knapsack one.parquet -o one.json --budget 40% --keep relu1").succeeds();
    for word in ["small", "40% = 1,126 DReLUs", "relu0", "8x16x16", "no choice within the budget", "one.json"]
    {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
    let spec = spec("one.json");
    assert!(spec.layers[1].channels.iter().all(|choice| choice.block == BlockSize::RELU));
    assert!(spec.origin.unwrap().notes.contains(&"left alone: relu1".into()));
}

#[test]
fn several_budgets_and_the_front_are_files() {
    table("many.parquet", false);
    let text = run("knapsack many.parquet -o many.json --budget 6%,500D --front many.csv").succeeds();
    assert!(
        text.contains("many-6.json") && text.contains("many-500D.json") && text.contains("optimal"),
        "{text}"
    );
    let costs = ["many-6.json", "many-500D.json"].map(|name| spec(name).origin.unwrap().cost);
    assert!(costs[0] <= 169.0 && costs[1] <= 500.0, "{costs:?}");
    let front = fs::read_to_string(folder().join("many.csv")).unwrap();
    assert!(front.starts_with("cost,share,distortion,drelus,bytes,unit\n0,0,"), "{front}");
    let last = front.lines().last().unwrap();
    assert!(last.starts_with("2816,1,0e0,2816,") && last.ends_with(",drelus"), "{front}");
    for line in ["-o many-6.json --budget 6%", "-o other.json --budget 6% --front many.csv"] {
        run(&format!("knapsack many.parquet {line}")).fails(&["is there already", "--force"]);
        run(&format!("knapsack many.parquet {line} --force")).succeeds();
    }
}

#[test]
fn bytes_and_seconds_choose_windows_too() {
    table("wide.parquet", true);
    let text = run("knapsack wide.parquet -o wide.json --cost bytes --budget 15kB --windows").succeeds();
    assert!(text.contains("15.0 kB") && text.contains("wide.json"), "{text}");
    assert!(spec("wide.json").layers.iter().all(|layer| layer.window.is_some()));
    let link = "--cost seconds --link 10Mbit/20ms --phase online";
    let text = run(&format!("knapsack wide.parquet -o fast.json {link} --budget 50%")).succeeds();
    assert!(text.contains("40.0 ms more"), "{text}");
}

#[test]
fn what_cannot_be_chosen_is_said() {
    table("bad.parquet", false);
    let fails = |arguments: &str, words: &[&str]| {
        run(&format!("knapsack bad.parquet -o bad.json {arguments}")).fails(words)
    };
    fails("--budget 1MB", &["--budget 1MB", "bytes", "DReLUs"]);
    fails("--budget 9D --keep *", &["2,816 DReLUs", "9 DReLUs", "raise the budget"]);
    fails("--budget 9% --keep conv*", &["conv*", "relu0, relu1"]);
    fails("--budget 9% --windows", &["--cost bytes"]);
    fails("--budget 9% --windows --cost bytes", &["relu0", "comparison windows"]);
    fails("--budget 9% --cost seconds", &["--link 100Mbit/20ms"]);
    fails("--budget 9% --link 1Gbit/1ms", &["--cost seconds"]);
    fails("--budget 9%,9%", &["twice"]);
    fails("--budget 9% --cost bytes --plan tiny.plan", &["relu0", "the plan of the network"]);
    assert!(!folder().join("bad.json").exists());
    run("knapsack nowhere.parquet -o x.json --budget 9%").fails(&["nowhere.parquet"]);
    run("knapsack bad.parquet -o x.json").misuses(&["--budget"]);
    run("knapsack bad.parquet -o x.json --budget much")
        .misuses(&["12%, 20kD (sign decisions), 1.5MB or 0.2s"]);
    run("knapsack bad.parquet -o x.json --budget 12").misuses(&[
        "12 has no unit",
        "12%",
        "12D (sign decisions)",
    ]);
    run("knapsack bad.parquet -o x.json --budget 9% --format 24,24,6").misuses(&["impossible"]);
}
