//! Trials, a little of each.

use crate::fixture::folder;
use crate::support::{brelu, json};

#[test]
fn faults_change_no_result() {
    let text = brelu(folder(), "trial faults --quick").succeeds();
    for kind in ["lost inside a record", "bit of a body", "records swapped", "dealer killed", "disk full"] {
        assert!(text.contains(kind), "{kind:?} is not in {text}");
    }
    let all = text.lines().find(|line| line.starts_with("all ")).unwrap_or_default();
    assert!(all.ends_with("0     0          0       0"), "{text}");
}

#[test]
fn parties_come_back() {
    let text = brelu(folder(), "trial restarts --quick --json").succeeds();
    let report = json(&text);
    assert_eq!([&report["wrong"], &report["unserved"], &report["reused"]], [0, 0, 0], "{text}");
    assert!(report["right"].as_u64().unwrap() >= 24, "{text}");
}

#[test]
fn a_crowd_is_served() {
    let text = brelu(folder(), "trial crowd --quick --json").succeeds();
    let report = json(&text);
    assert_eq!([&report["calm"]["right"], &report["hostile"]["right"]], [14, 14], "{text}");
}
