//! Keys, lists of who may connect, and what each party says to the wrong one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::fixture::folder;
use crate::support::{Listening, Ran, brelu};

fn server(dealer: &Listening, more: &str) -> Listening {
    let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {} {more}", dealer.address);
    Listening::start(folder(), &line)
}

fn infer(server: &Listening, more: &str) -> Ran {
    let line =
        format!("infer --plan tiny.plan --server {} --timeout 5 {more} pictures/0.ppm", server.address);
    brelu(folder(), &line)
}

#[test]
fn private_keys_are_for_their_owner_alone() {
    let folder = folder();
    brelu(folder, "keygen owner").succeeds();
    let key = folder.join("owner.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    brelu(folder, "keygen owner").fails(&["owner.pub exists already", "not overwritten"]);
    fs::remove_file(folder.join("owner.pub")).unwrap();
    brelu(folder, "keygen owner").fails(&["owner.key exists already", "not overwritten"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let infer = "infer --plan tiny.plan --key owner.key pictures/0.ppm";
    brelu(folder, infer).fails(&[
        "owner.key can be read by others (mode 640)",
        "chmod 600",
        "--allow-group-read",
    ]);
    // The next thing that is missing is the server.
    let group = format!("{infer} --allow-group-read --wait 0.1");
    brelu(folder, &group).fails(&["no server answers"]);
    for mode in [0o644, 0o660, 0o604] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let told = brelu(folder, &group);
        told.fails(&["owner.key can be read by others"]);
        assert!(!told.stderr().contains("--allow-group-read"), "{}", told.stderr());
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "not a key").unwrap();
    brelu(folder, infer).fails(&["owner.key is not a private key", "brelu keygen"]);
}

#[test]
fn keys_that_are_missing_or_wrong_are_named() {
    let run = |more: &str| brelu(folder(), &format!("infer --plan tiny.plan {more} pictures/0.ppm"));
    run("--key nobody.key").fails(&["there is no private key nobody.key", "brelu keygen nobody"]);
    run("--server-key nobody.pub").fails(&["the server's public key is needed", "nobody.pub"]);
    run("--dealer-key tiny.onnx").fails(&["the dealer's public key is needed", "tiny.onnx"]);
    run("--server-key server.key").fails(&["server.key is a private key", ".pub"]);
    let serve = "serve --plan tiny.plan --weights tiny.weights --listen 127.0.0.1:0";
    brelu(folder(), &format!("{serve} --clients none.txt")).fails(&["list of clients", "none.txt"]);
    fs::write(folder().join("bad-list.txt"), "# clients\n\nabc client\n").unwrap();
    brelu(folder(), &format!("{serve} --clients bad-list.txt"))
        .fails(&["bad-list.txt line 3", "64 hexadecimal digits"]);
    brelu(folder(), "deal --listen 127.0.0.1:0 --servers none.txt").fails(&["list of servers", "none.txt"]);
}

#[test]
fn whoever_is_not_meant_is_refused() {
    let dealer = Listening::start(folder(), "deal");
    let server_of = |more: &str| server(&dealer, more);
    let honest = server_of("");
    infer(&honest, "--key stranger.key")
        .fails(&["no secure connection to the server", "does not know the key of this party"]);
    infer(&honest, "--server-key stranger.pub").fails(&["another key", "not the party that was meant"]);
    infer(&honest, "--dealer-key stranger.pub")
        .fails(&["the client trusts the dealer with key", "same dealer"]);
    let misled = server_of("--dealer-key stranger.pub --wait 0.3");
    infer(&misled, "").fails(&["the client trusts the dealer with key"]);
    infer(&misled, "--dealer-key stranger.pub").fails(&["no secure connection to the dealer", "in its log"]);
    let unknown = server_of("--key stranger.key --wait 0.3");
    infer(&unknown, "--server-key stranger.pub").fails(&["no secure connection to the dealer", "in its log"]);
    infer(&honest, "").succeeds();
}

#[test]
fn a_key_taken_off_the_list_is_out_at_once() {
    let list = folder().join("changing.txt");
    let both = ["client.pub", "stranger.pub"].map(|name| fs::read_to_string(folder().join(name)).unwrap());
    fs::write(&list, both.concat()).unwrap();
    let dealer = Listening::start(folder(), "deal");
    let server = server(&dealer, "--clients changing.txt");
    infer(&server, "--key stranger.key --state changing").succeeds();
    fs::write(&list, &both[0]).unwrap();
    infer(&server, "--key stranger.key --state changing").fails(&["does not know the key of this party"]);
    infer(&server, "").succeeds();
}

#[test]
fn what_is_prepared_survives_restarts_and_is_used_once() {
    let dealer = Listening::start(folder(), "deal --state prepared-dealer");
    let options = "--store disk --state prepared-server --ready 3";
    let first = server(&dealer, options);
    let client = "--state prepared-client --timeout 5 --plan tiny.plan";
    let prepare = |server: &Listening, count: usize| {
        brelu(folder(), &format!("prepare {client} --server {} --count {count}", server.address))
    };
    assert!(prepare(&first, 2).succeeds().contains("2 inferences are prepared"));
    prepare(&first, 9).fails(&["no more than 3"]);
    assert!(first.stop());
    let second = server(&dealer, options);
    let run = |images: &str| {
        let line = format!("infer {client} --server {} --json {images}", second.address);
        let answers = brelu(folder(), &line).succeeds();
        answers.matches("\"offline_seconds\":0.0,").count()
    };
    assert_eq!(run("pictures/0.ppm pictures/1.ppm"), 2, "two were prepared before the restart");
    assert_eq!(run("pictures/2.ppm pictures/3.ppm pictures/4.ppm"), 1, "one was left");
    assert_eq!(run("pictures/5.ppm"), 0);
}
