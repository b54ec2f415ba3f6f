//! Parties that are missing, silent, busy or talk nonsense.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use brelu_core::plan::Plan;
use brelu_host::client::{ClientMemory, ClientParty, HostClient};
use brelu_host::keys::{read_identity, read_public};
use brelu_host::plan_file;

use crate::fixture::folder;
use crate::support::{Listening, Ran, brelu};

fn infer(plan: &str, server: &str) -> Ran {
    brelu(folder(), &format!("infer --plan {plan} --server {server} --wait 0.3 --timeout 1 pictures/0.ppm"))
}

/// A server on `dealer`.
fn serve(dealer: &str, more: &str) -> Listening {
    let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {dealer} --wait 0.3 {more}");
    Listening::start(folder(), &line)
}

/// An address where nobody listens.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// An address where one connection is taken and handled by `behave`.
fn peer(behave: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || behave(listener.accept().unwrap().0));
    address
}

#[test]
fn parties_that_are_not_there_are_named() {
    infer("tiny.plan", &nobody()).fails(&["no server answers at 127.0.0.1", "start it"]);
    infer("tiny.plan", "nonsense").misuses(&["HOST:PORT", "192.168.1.10:7601"]);
    infer("tiny.plan", "nowhere.invalid:1").fails(&["no server answers at nowhere.invalid:1"]);
    for dealer in ["dealer.example.org", "127.0.0.1:0", "127.0.0.1:70000"] {
        let line = format!("serve --plan tiny.plan --weights tiny.weights --dealer {dealer}");
        brelu(folder(), &line).misuses(&["--dealer", "HOST:PORT"]);
    }
    let dealer = nobody();
    let server = serve(&dealer, "");
    let told = infer("tiny.plan", &server.address);
    told.fails(&["it does not reach the dealer", "in its log"]);
    assert!(!told.stderr().contains(&dealer), "where the dealer is, is the server's business");
}

#[test]
fn an_address_in_use_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    brelu(folder(), &format!("deal --listen {address}")).fails(&["in use", &address.to_string()]);
    let line = format!("serve --plan tiny.plan --weights tiny.weights --listen {address}");
    brelu(folder(), &line).fails(&["in use", "--listen"]);
    brelu(folder(), "deal --listen 192.0.2.1:1").fails(&["cannot listen on 192.0.2.1:1"]);
}

#[test]
fn servers_that_do_not_keep_to_the_protocol_are_refused() {
    let silent = peer(|_stream| thread::sleep(Duration::from_secs(3)));
    infer("tiny.plan", &silent).fails(&["nothing came from the server for 1 second"]);
    let closing = peer(drop);
    infer("tiny.plan", &closing).fails(&["server"]);
    let garbage = peer(|mut stream| {
        drop(stream.write_all(&[0xa5; 4096]));
        thread::sleep(Duration::from_secs(2));
    });
    infer("tiny.plan", &garbage)
        .fails(&["no secure connection to the server", "does not speak this protocol"]);
}

#[test]
fn a_server_lives_on_after_bad_clients() {
    let dealer = Listening::start(folder(), "deal");
    let server = serve(&dealer.address, "--max-clients 2 --timeout 1");
    infer("other.plan", &server.address).fails(&["different plans"]);
    for bytes in [&[0xff; 1000][..], &[1, 2, 0, 0, 0, 9, 9], &[]] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        drop(stream.write_all(bytes));
    }
    let mut stream = TcpStream::connect(&dealer.address).unwrap();
    drop(stream.write_all(&[7; 64]));
    thread::sleep(Duration::from_millis(300));
    infer("tiny.plan", &server.address).succeeds();
    assert!(server.stop() && dealer.stop());
}

#[test]
fn a_full_server_says_so() {
    let dealer = Listening::start(folder(), "deal");
    let server = serve(&dealer.address, "--max-clients 1");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut memory = ClientMemory::for_plan(plan());
    let busy = runtime.block_on(session(&server.address, &mut memory));
    infer("tiny.plan", &server.address).fails(&["tried again later", "all 1 places are taken"]);
    runtime.block_on(async { drop(busy) });
    thread::sleep(Duration::from_millis(300));
    infer("tiny.plan", &server.address).succeeds();
}

/// A session of the known client, which the caller keeps.
async fn session<'a>(address: &str, memory: &'a mut ClientMemory) -> HostClient<'a> {
    let key = |name: &str| read_public(folder().join(name).to_str().unwrap()).unwrap();
    let identity = read_identity(&folder().join("client.key")).unwrap();
    let party = Arc::new(ClientParty::in_memory(identity, key("server.pub"), key("dealer.pub")));
    let (reader, writer) = tokio::net::TcpStream::connect(address).await.unwrap().into_split();
    let connection = party.call_server(reader, writer, Duration::from_secs(5)).await.unwrap();
    HostClient::start(plan(), connection, party, &mut Some(memory.workspace())).await.unwrap()
}

fn plan() -> &'static Plan<'static> {
    plan_file::keep(std::fs::read(folder().join("tiny.plan")).unwrap()).unwrap()
}

#[test]
fn silent_connections_do_not_keep_others_out() {
    let dealer = Listening::start(folder(), "deal");
    let server = serve(&dealer.address, "--max-clients 1");
    let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    infer("tiny.plan", &server.address).succeeds();
    drop(silent);
}
