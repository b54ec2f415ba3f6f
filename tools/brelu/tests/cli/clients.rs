//! Quotas on the list of clients, and what `brelu clients` says of their use.

use std::fs;

use serde_json::Value;

use crate::fixture::folder;
use crate::support::{Listening, Ran, brelu, json};

const SERVE: &str = "serve --plan tiny.plan --weights tiny.weights";

/// Writes a list in which every key has words behind its name.
fn list(name: &str, lines: &[(&str, &str)]) {
    let line = |(key, words): &(&str, &str)| {
        let line = fs::read_to_string(folder().join(format!("{key}.pub"))).unwrap();
        format!("{} {words}\n", line.trim_end())
    };
    fs::write(folder().join(name), lines.iter().map(line).collect::<String>()).unwrap();
}

fn infer(server: &Listening, key: &str) -> Ran {
    let line = format!("infer --plan tiny.plan --server {} --key {key}.key pictures/0.ppm", server.address);
    brelu(folder(), &line)
}

/// What `brelu clients` prints for a client.
fn client<'j>(rows: &'j Value, key: &str) -> &'j Value {
    let line = fs::read_to_string(folder().join(format!("{key}.pub"))).unwrap();
    let of = |row: &&Value| line.starts_with(row["key"].as_str().unwrap());
    rows.as_array().unwrap().iter().find(of).unwrap_or_else(|| panic!("{key} is not in {rows}"))
}

#[test]
fn a_quota_is_counted_told_and_listed() {
    let dealer = Listening::start(folder(), "deal");
    list("quotas.txt", &[("client", "total=2 # twice"), ("stranger", "")]);
    let options = "--clients quotas.txt --state quotas-server";
    let server = Listening::start(folder(), &format!("{SERVE} --dealer {} {options}", dealer.address));
    let rows = || json(&brelu(folder(), &format!("clients {options} --quota-day 9 --json")).succeeds());
    let before = rows();
    assert_eq!(client(&before, "client")["total"], 0);
    assert_eq!(client(&before, "client")["last_use"], Value::Null);
    infer(&server, "client").succeeds();
    infer(&server, "client").succeeds();
    infer(&server, "client").fails(&[
        "the quota of client",
        "is used up, 2 in all",
        "whoever runs the server",
    ]);
    infer(&server, "stranger").succeeds();
    list("quotas.txt", &[("client", "total=3 day=unlimited")]);
    infer(&server, "client").succeeds();
    infer(&server, "stranger").fails(&["does not know the key"]);

    let after = rows();
    let own = client(&after, "client");
    assert_eq!((&own["name"], &own["listed"]), (&"client".into(), &true.into()));
    assert_eq!((&own["total"], &own["total_limit"], &own["day_limit"]), (&3.into(), &3.into(), &Value::Null));
    assert!(own["today"].as_u64().unwrap() <= 3);
    let last = own["last_use"].as_str().unwrap();
    assert!(last.len() == 10 && last.starts_with("20") && last.matches('-').count() == 2, "{last}");
    let gone = client(&after, "stranger");
    assert_eq!(
        (&gone["listed"], &gone["total"], &gone["total_limit"]),
        (&false.into(), &1.into(), &Value::Null)
    );
    let text = brelu(folder(), &format!("clients {options}")).succeeds();
    assert!(text.contains("in all") && text.contains("(not on the list)"), "{text}");
    assert!(server.stop() && dealer.stop());
}

#[test]
fn restarts_keep_counts_and_the_default_is_for_the_rest() {
    let dealer = Listening::start(folder(), "deal");
    list("default.txt", &[("client", ""), ("stranger", "total=unlimited")]);
    let options = "--clients default.txt --state default-server --quota-total 1";
    for round in 0..2 {
        let server = Listening::start(folder(), &format!("{SERVE} --dealer {} {options}", dealer.address));
        match round {
            0 => drop(infer(&server, "client").succeeds()),
            _ => infer(&server, "client").fails(&["is used up, 1 in all"]),
        }
        infer(&server, "stranger").succeeds();
        assert!(server.stop());
    }
    let rows = json(&brelu(folder(), &format!("clients {options} --json")).succeeds());
    assert_eq!(client(&rows, "client")["total_limit"], 1);
    assert_eq!(client(&rows, "stranger")["total_limit"], Value::Null);
    let anybody = "clients --any-client --state default-server --quota-total 7 --json";
    let rows = json(&brelu(folder(), anybody).succeeds());
    assert_eq!(
        (&client(&rows, "client")["total"], &client(&rows, "client")["total_limit"]),
        (&1.into(), &7.into())
    );
}

#[test]
fn quotas_that_mean_nothing_are_named() {
    list("odd.txt", &[("stranger", ""), ("client", "dayly=5")]);
    let place = ["odd.txt line 2", "\"dayly=5\"", "total=N and day=N"];
    brelu(folder(), &format!("{SERVE} --clients odd.txt --listen 127.0.0.1:0")).fails(&place);
    fs::create_dir_all(folder().join("odd-state")).unwrap();
    brelu(folder(), "clients --clients odd.txt --state odd-state").fails(&place);
    list("odd-servers.txt", &[("server", "day=5")]);
    brelu(folder(), "deal --servers odd-servers.txt --listen 127.0.0.1:0").fails(&[
        "odd-servers.txt line 1",
        "\"day=5\"",
        "server's list of clients",
    ]);
    brelu(folder(), &format!("{SERVE} --quota-day 0")).misuses(&["at least 1"]);
    brelu(folder(), &format!("{SERVE} --quota-total many")).misuses(&["unlimited"]);
    brelu(folder(), "clients --state nowhere").fails(&["no folder nowhere", "--state"]);
    assert!(!folder().join("nowhere").exists());
    brelu(folder(), "clients --state odd-state --clients none.txt").fails(&["list of clients", "none.txt"]);
    fs::write(folder().join("odd-state/usage"), "nonsense").unwrap();
    brelu(folder(), "clients --state odd-state").fails(&["odd-state/usage was cut or altered"]);
}
