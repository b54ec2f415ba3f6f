//! Parties as other programs embed them: the examples of brelu-host, together.

use std::fs;
use std::path::Path;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Plan;
use brelu_host::embed::{Answer, Client, EmbedError, Keys};
use brelu_host::keys::{create_identity, public_line};
use brelu_host::plan_file::OwnedPlan;
use brelu_tests::build::Builder;
use tokio::task::JoinHandle;

#[allow(dead_code)]
#[path = "../../host/examples/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../../host/examples/dealer.rs"]
mod dealer;
#[allow(dead_code)]
#[path = "../../host/examples/server.rs"]
mod server;

/// Keys, lists, and a network of two sums of all inputs, the second of them negative.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["client", "server", "dealer"] {
        let identity = create_identity(&at(&format!("{name}.key"))).unwrap();
        let line = public_line(identity.public(), name);
        fs::write(at(&format!("{name}.pub")), &line).unwrap();
        fs::write(at(&format!("{name}s.txt")), &line).unwrap();
    }
    let shape = Shape::new(1, 2, 2);
    let map = Conv2d::dense(4, 2);
    let mut builder = Builder::new(shape, 24);
    let flat = builder.flatten(0);
    builder.linear(&[(flat, map, [vec![4096; 4], vec![-4096; 4]].concat())], vec![0; 2], 12, 12);
    let (plan, weights) = builder.worth(0.5, 0.25).finish();
    let owned = OwnedPlan::parse(plan).unwrap();
    fs::write(at("net.weights"), &*weights(owned.get()).to_bytes()).unwrap();
    fs::write(at("net.plan"), owned.get().bytes()).unwrap();
    folder
}

/// A server and a dealer, and where the server listens.
async fn parties(folder: &Path) -> (String, [brelu_host::embed::Handle; 2], [JoinHandle<()>; 2]) {
    let dealer = dealer::open(folder, "127.0.0.1:0").await.unwrap();
    let address = dealer.address().to_owned();
    let server = server::open(folder, "127.0.0.1:0", address).await.unwrap();
    let address = server.address().to_owned();
    let handles = [server.handle(), dealer.handle()];
    (address, handles, [tokio::spawn(server.run()), tokio::spawn(dealer.run())])
}

fn scores(answer: Answer) -> Vec<f32> {
    match answer {
        Answer::Scores(scores) => scores,
        Answer::Labels(labels) => panic!("labels: {labels:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_run_together_and_stop() {
    let folder = folder();
    let (address, handles, tasks) = parties(folder.path()).await;
    let answer = client::classify(folder.path(), &address).await.unwrap();
    assert!(scores(answer).iter().all(|score| score.abs() <= 0.25));
    handles.iter().for_each(|handle| handle.shutdown());
    for task in tasks {
        tokio::time::timeout(std::time::Duration::from_secs(20), task).await.unwrap().unwrap();
    }
    let keys = Keys::read(folder.path()).unwrap();
    let mut late =
        Client::open(&folder.path().join("net.plan"), keys, &folder.path().join("late.state")).unwrap();
    late.set_patience(brelu_host::net::Patience {
        connect: std::time::Duration::ZERO,
        answer: std::time::Duration::from_secs(5),
    });
    assert!(late.connect(&address).await.unwrap_err().to_string().contains(&address));
    assert!(matches!(late.prepare(1).await, Err(EmbedError::NotConnected)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_computes_in_the_networks_units_and_keeps_what_it_prepared() {
    let folder = folder();
    let (address, ..) = parties(folder.path()).await;
    let open = || {
        let keys = Keys::read(folder.path()).unwrap();
        Client::open(&folder.path().join("net.plan"), keys, &folder.path().join("client.state")).unwrap()
    };
    let mut client = open();
    client.connect(&address).await.unwrap();
    assert_eq!(client.prepare(2).await.unwrap(), 2);
    let input = [0.0, 1.5, 30.0, 127.5];
    let sum: f32 = input.iter().sum();
    let found = scores(client.infer(&input).await.unwrap());
    // A unit of the input is 0.5, one of the scores 0.25, and a sum of inputs counts in units of the input.
    let want = [sum, -sum].map(|sum| sum / 0.5 * 0.25);
    assert!(found.iter().zip(want).all(|(found, want)| (found - want).abs() <= 0.25), "{found:?} {want:?}");
    client.close().await.unwrap();
    let mut again = open();
    again.connect(&address).await.unwrap();
    assert_eq!(again.prepare(1).await.unwrap(), 1, "of the session before");
    again.close().await.unwrap();
    let refusals: Vec<String> = [vec![0.0; 3], vec![0.0, 0.0, 0.0, 128.0], vec![f32::NAN; 4]]
        .iter()
        .map(|input| brelu_host::embed::units(open().plan(), input).unwrap_err().to_string())
        .collect();
    assert!(refusals[0].contains("3 values, the network takes 4"), "{refusals:?}");
    assert!(refusals[1].contains("outside 0.0000 to 127.5"), "{refusals:?}");
    assert!(refusals[2].contains("value NaN"), "{refusals:?}");
}

/// The plan's bytes, for whoever looks.
#[test]
fn plans_are_copied_whole() {
    let folder = folder();
    let bytes = fs::read(folder.path().join("net.plan")).unwrap();
    let plan: &Plan<'_> = brelu_host::plan_file::keep(bytes.clone()).unwrap();
    assert_eq!(OwnedPlan::copy(plan).unwrap().get().bytes(), bytes);
}
