//! What a device is given, and the delegate that works for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use brelu_core::channel::{Identity, Pair, PublicKey};
use brelu_core::thin::Thin;
use brelu_embedded::picture::Picture;
use brelu_embedded::settings::{Endpoint, Role, Settings};
use brelu_host::keys::{read_identity, read_public};
use brelu_host::pipe::Pipe;
use brelu_host::secure::Call;

use crate::fixture::folder;
use crate::support::{Listening, Ran, brelu, json};

/// Provisions the fixture's device.
fn provision(more: &str) -> Ran {
    let line = "provision --plan tiny.plan --address 10.0.2.15/24 --data pictures";
    brelu(folder(), &format!("{line} {more}"))
}

const CLIENT: &str = "--key stranger.key --server 10.0.2.2:7601 --dealer-key dealer.pub";

fn key(name: &str) -> PublicKey {
    read_public(folder().join(name).to_str().unwrap()).unwrap()
}

#[test]
fn a_device_that_is_the_client_gets_keys_plan_and_pictures() {
    let text =
        provision(&format!("{CLIENT} --count 3 --gateway 10.0.2.2 --patience 7 -o party.bin")).succeeds();
    for words in ["party.bin", "pictures", "as the client", "words of memory"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let file = folder().join("party.bin");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (bytes, plan) = (fs::read(file).unwrap(), fs::read(folder().join("tiny.plan")).unwrap());
    let settings = Settings::parse(&bytes).unwrap();
    let identity = read_identity(&folder().join("stranger.key")).unwrap();
    assert_eq!(&settings.identity.0, identity.expose());
    assert_eq!(settings.server, key("server.pub"));
    assert_eq!(settings.server_at, Endpoint { address: [10, 0, 2, 2], port: 7601 });
    assert_eq!(settings.role, Role::Party { dealer: key("dealer.pub"), plan: &plan });
    assert_eq!(settings.interface.gateway, Some([10, 0, 2, 2]));
    assert_eq!((settings.interface.prefix, settings.patience), (24, 7));
    assert_eq!(settings.pictures.len(), 3 * 3 * 8 * 8);
    provision(&format!("{CLIENT} -o again.bin")).succeeds();
    let again = fs::read(folder().join("again.bin")).unwrap();
    let again = Settings::parse(&again).unwrap();
    assert_ne!(again.seed.0, settings.seed.0, "every provisioning has a seed of its own");
    assert_eq!(again.pictures, &settings.pictures[..3 * 8 * 8]);
}

#[test]
fn what_is_wrong_with_a_provisioning_is_said() {
    provision("--key nobody.key --server 10.0.2.2:7601 --dealer-key dealer.pub")
        .fails(&["there is no private key nobody.key", "brelu keygen nobody"]);
    provision("--key stranger.key --server 10.0.2.2:7601").fails(&["--dealer-key", "--delegate"]);
    provision(&format!("{CLIENT} --server-key nobody.pub"))
        .fails(&["the server's public key is needed", "nobody.pub"]);
    provision("--key stranger.key --server 10.0.2.2:7601 --dealer-key stranger.key")
        .fails(&["stranger.key is a private key"]);
    provision("--key stranger.key --server 10.0.2.2:7601 --delegate 10.0.2.2:7603 --delegate-key nobody.pub")
        .fails(&["delegate", "nobody.pub"]);
    provision(&format!("{CLIENT} -o none/device.bin")).fails(&["cannot write none/device.bin"]);
    let with = |rest: &str| brelu(folder(), &format!("provision {CLIENT} --address 10.0.2.15/24 {rest}"));
    with("--plan tiny.plan --data nowhere").fails(&["nowhere"]);
    with("--plan nowhere.plan --data pictures").fails(&["nowhere.plan"]);
    with("--plan tiny.onnx --data pictures").fails(&["tiny.onnx", "not a brelu plan"]);
    fs::write(folder().join("no-picture.png"), b"not a picture").unwrap();
    with("--plan tiny.plan --data no-picture.png").fails(&["no-picture.png"]);
    // What the device would refuse, or could not reach.
    let at = |address: &str, rest: &str| {
        let keys = "--key stranger.key --dealer-key dealer.pub --plan tiny.plan --data pictures";
        brelu(folder(), &format!("provision {keys} --address {address} {rest}"))
    };
    at("10.0.2.15/24", "--server 10.9.9.9:7601")
        .fails(&["not in the device's network 10.0.2.0/24", "--gateway"]);
    at("10.0.2.15/24", "--server 10.9.9.9:7601 --gateway 10.0.3.1").fails(&["the gateway 10.0.3.1"]);
    at("10.0.2.255/24", "--server 10.0.2.2:7601").fails(&["10.0.2.255", "one of its own"]);
    at("10.0.2.15/24", "--server 10.0.2.2:0").fails(&["port 0"]);
    at("10.0.2.15/24", "--server 10.0.2.15:7601").fails(&["the device's own address"]);
    assert!(!folder().join("device.bin").exists(), "nothing is written");
}

#[test]
fn wrong_words_for_a_provisioning_are_misuse() {
    let delegate = "--delegate 10.0.2.2:7603 --delegate-key stranger.pub";
    provision(&format!("{CLIENT} {delegate}")).misuses(&["cannot be used with"]);
    provision("--key stranger.key --server 10.0.2.2:7601 --delegate 10.0.2.2:7603")
        .misuses(&["--delegate-key"]);
    provision("--key stranger.key --server 10.0.2.2:7601 --delegate-key stranger.pub")
        .misuses(&["--delegate"]);
    provision("--key stranger.key --server here:7601 --dealer-key dealer.pub")
        .misuses(&["--server", "here:7601"]);
    provision("--key stranger.key --server 10.0.2.2 --dealer-key dealer.pub").misuses(&["--server"]);
    provision(&format!("{CLIENT} --gateway router")).misuses(&["--gateway"]);
    provision(&format!("{CLIENT} --count 0")).misuses(&["at least 1"]);
    for address in ["10.0.2.15", "10.0.2.15/33", "10.0.2.15/", "10.0.2/24", "here/24", "224.0.0.1/24"] {
        let line = format!("provision --plan tiny.plan --data pictures {CLIENT} --address {address}");
        brelu(folder(), &line).misuses(&["ADDRESS/BITS", "for example 192.168.1.50/24"]);
    }
}

#[test]
fn what_a_delegate_lacks_is_said() {
    let delegate = |more: &str| brelu(folder(), &format!("delegate --listen 127.0.0.1:0 {more}"));
    delegate("--plan tiny.plan --devices none.txt").fails(&["list of devices", "none.txt"]);
    delegate("--plan nowhere.plan --devices clients.txt").fails(&["nowhere.plan"]);
    delegate("--plan tiny.plan --devices clients.txt --key nobody.key")
        .fails(&["there is no private key nobody.key"]);
    delegate("--plan tiny.plan --devices clients.txt --dealer-key nobody.pub")
        .fails(&["the dealer's public key is needed"]);
    fs::write(folder().join("bad-devices.txt"), "abc device\n").unwrap();
    delegate("--plan tiny.plan --devices bad-devices.txt").fails(&["bad-devices.txt line 1"]);
    delegate("--plan tiny.plan --devices clients.txt --ahead 0").misuses(&["at least 1"]);
    let line = "delegate --plan tiny.plan --devices clients.txt --listen 192.0.2.1:1";
    brelu(folder(), line).fails(&["cannot listen on 192.0.2.1:1"]);
}

/// Calls a peer at `at` as a device.
async fn call(pair: Pair, peer: &'static str, at: Endpoint, own: &Identity, pinned: &PublicKey) -> Pipe {
    let stream = tokio::net::TcpStream::connect(at.to_string()).await.unwrap();
    let (reader, writer) = stream.into_split();
    let call = Call { pair, peer, timeout: Duration::from_secs(10) };
    call.connect(reader, writer, own, pinned).await.unwrap().pipe
}

#[test]
fn a_device_gets_a_result_through_a_delegate() {
    let folder = folder();
    brelu(folder, "keygen tag").succeeds();
    let lines = ["client.pub", "tag.pub"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    fs::write(folder.join("with-tag.txt"), lines.concat()).unwrap();
    fs::write(folder.join("tags.txt"), &lines[1]).unwrap();
    let dealer = Listening::start(folder, "deal");
    let line = "serve --plan tiny.plan --weights tiny.weights --clients with-tag.txt --dealer";
    let server = Listening::start(folder, &format!("{line} {}", dealer.address));
    let line = "delegate --plan tiny.plan --devices tags.txt --key client.key --server";
    let delegate = Listening::start(folder, &format!("{line} {}", server.address));
    let peers = format!("--server {} --delegate {}", server.address, delegate.address);
    // A device on this very machine.
    let line = "provision --plan tiny.plan --address 127.0.0.2/8 --data pictures --key tag.key --delegate-key client.pub";
    let text = brelu(folder, &format!("{line} {peers} -o tag.bin")).succeeds();
    assert!(text.contains(&format!("with the delegate at {}", delegate.address)), "{text}");

    let line = format!("infer --plan tiny.plan --server {} --json pictures/0.ppm", server.address);
    let answer = json(&brelu(folder, &line).succeeds());
    let partition = fs::read(folder.join("tag.bin")).unwrap();
    let settings = Settings::parse(&partition).unwrap();
    let output = tokio::runtime::Runtime::new().unwrap().block_on(infer(&settings));
    let top: Vec<u64> =
        answer["top"].as_array().unwrap().iter().map(|top| top["output"].as_u64().unwrap()).collect();
    let mut order: Vec<u64> = (0..4).collect();
    order.sort_by_key(|at| -output[*at as usize]);
    assert_eq!(order, top, "{output:?}, {answer}");
    assert!(delegate.stop() && server.stop() && dealer.stop());
}

/// Runs an inference as the device would.
async fn infer(settings: &Settings<'_>) -> Vec<i32> {
    let Role::Thin { delegate, delegate_at, ends, card } = &settings.role else { panic!("a thin device") };
    let own = Identity::new(settings.identity.0);
    let to_delegate = call(Pair::DeviceDelegate, "delegate", *delegate_at, &own, delegate).await;
    let to_server = call(Pair::ClientServer, "server", settings.server_at, &own, &settings.server).await;
    let mut frame = [0; 1000];
    let mut thin = Thin::start(*ends, *delegate, to_delegate, to_server, &mut frame).await.unwrap();
    let mut output = vec![0; ends.output as usize];
    let grant = thin.ask(&mut output).await.unwrap();
    thin.infer(grant, &Picture::new(settings.pictures, card), &mut output, &mut |_, _| {}).await.unwrap();
    thin.close().await.unwrap();
    output
}
