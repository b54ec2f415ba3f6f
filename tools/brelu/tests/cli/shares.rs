//! Plans that take more than a party gives are refused by whoever would have to give it.

use crate::fixture::folder;
use crate::support::{Listening, brelu};

#[test]
fn every_party_refuses_a_plan_that_takes_more_than_it_gives() {
    let small = "--plan tiny.plan --plan-memory 1M";
    let lines = [
        (format!("infer {small} pictures/0.ppm"), "client"),
        (format!("prepare {small}"), "client"),
        (format!("delegate {small} --listen 127.0.0.1:0"), "client"),
        (format!("serve {small} --weights nowhere.weights --listen 127.0.0.1:0"), "server"),
    ];
    for (line, party) in lines {
        let place = format!("of memory at the {party}, which gives a plan 1 MiB");
        brelu(folder(), &line).fails(&["this plan takes", &place, "raise --plan-memory there"]);
    }
    brelu(folder(), "infer --plan tiny.plan --plan-work 0 pictures/0.ppm").misuses(&["at least 1"]);
}

#[test]
fn a_dealer_refuses_the_plan_of_a_server_in_words_that_reach_its_client() {
    let dealer = Listening::start(folder(), "deal --plan-memory 1M");
    let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let line = format!("infer --plan tiny.plan --server {} pictures/0.ppm", server.address);
    brelu(folder(), &line).fails(&["of memory at the dealer, which gives a plan 1 MiB"]);
    assert!(server.stop() && dealer.stop());
}
