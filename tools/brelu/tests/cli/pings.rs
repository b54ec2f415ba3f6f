//! Whether a server answers.

use crate::fixture::folder;
use crate::support::{Listening, Ran, brelu, json};

fn ping(plan: &str, server: &str, more: &str) -> Ran {
    brelu(folder(), &format!("ping --plan {plan} --server {server} --wait 0.3 --timeout 5 {more}"))
}

#[test]
fn a_ping_says_that_all_is_well_or_what_is_not() {
    let dealer = Listening::start(folder(), "deal");
    let serve = "serve --plan tiny.plan --weights tiny.weights --wait 0.3";
    let server = Listening::start(folder(), &format!("{serve} --dealer {}", dealer.address));
    let said = ping("tiny.plan", &server.address, "").succeeds();
    assert!(said.contains("has this plan") && said.contains("its dealer is there"), "{said}");
    let said = json(&ping("tiny.plan", &server.address, "--json").succeeds());
    assert!(said["seconds"].as_f64().unwrap() > 0.0 && said["prepared"] == 0, "{said}");
    ping("other.plan", &server.address, "").fails(&["different plans"]);
    ping("tiny.plan", &server.address, "--key stranger.key").fails(&["server"]);
    let gone = dealer.address.clone();
    drop(dealer);
    ping("tiny.plan", &server.address, "").fails(&["does not reach the dealer"]);
    ping("tiny.plan", &gone, "").fails(&["no server answers at", "start it"]);
}

/// All three on sockets of this machine.
#[cfg(unix)]
#[test]
fn parties_of_one_machine_meet_at_sockets() {
    let sockets = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("unix:{}", sockets.path().join(name).display());
    let dealer = Listening::start(folder(), &format!("deal --listen {}", at("dealer")));
    assert_eq!(dealer.address, at("dealer"));
    let serve = format!("serve --plan tiny.plan --weights tiny.weights --dealer {}", at("dealer"));
    let server = Listening::start(folder(), &format!("{serve} --listen {}", at("server")));
    ping("tiny.plan", &at("server"), "").succeeds();
    let infer = |address: &str| format!("infer --plan tiny.plan --server {address} pictures/0.ppm");
    assert!(brelu(folder(), &infer(&at("server"))).succeeds().contains("light"));
    assert!(server.stop() && dealer.stop());
    brelu(folder(), &format!("{} --wait 0.3", infer(&at("server")))).fails(&["no server answers at unix:"]);
    brelu(folder(), &infer("unix:")).misuses(&["unix:PATH"]);
}
