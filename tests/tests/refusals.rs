//! What parties say when they give up: enough for the peer to act on, nothing of the machine they run on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Plan;
use brelu_core::prf::PairKey;
use brelu_host::client::{ClientMemory, ClientParty, HostClient};
use brelu_host::dealer::{Dealer, DealerOptions, DealerParty, ServerShare};
use brelu_host::error::SessionError;
use brelu_host::keys::Access;
use brelu_host::pipe::NetError;
use brelu_host::plan_file::{OwnedPlan, keep};
use brelu_host::server::{Server, ServerModel};
use brelu_host::state::{Epochs, Generations};
use brelu_tests::build::Builder;
use brelu_tests::parties::{Events, Rules, TIMEOUT, identities, server};
use tokio::io::{DuplexStream, duplex, split};

/// The dealer's address, which is the server's business.
const ADDRESS: &str = "192.0.2.7:7602";

fn network() -> (&'static Plan<'static>, Arc<Server>) {
    let shape = Shape::new(2, 4, 4);
    let map = Conv2d::square(shape, 3, 3, 1, 1);
    let mut builder = Builder::new(shape, 24);
    builder.linear(&[(0, map, vec![3; map.weight_len()])], vec![0; 3], 12, 12);
    let (plan, weights) = builder.finish();
    let plan = keep(plan).expect("a valid plan");
    let owned = Arc::new(OwnedPlan::copy(plan).expect("a valid plan"));
    let model = ServerModel::new(owned, weights(plan), PairKey::new([7; 32])).expect("a model");
    (plan, Arc::new(server(&Arc::new(model), None, &Events::default(), &Rules::default()).expect("memory")))
}

fn dealer(clients: Access, options: DealerOptions) -> Dealer {
    let [_, server, identity] = identities();
    let servers = Access::Keys(BTreeMap::from([(*server.public(), String::new())]));
    let (epochs, generations) = (Epochs::memory(), Generations::memory());
    let party = DealerParty { identity, servers, clients, epochs, generations, models: None };
    Dealer::new(party, options)
}

/// What a client is told that prepares an inference, and what ended the server's session.
async fn told(
    (plan, server): (&'static Plan<'static>, Arc<Server>),
    dealer: impl Fn(DuplexStream) -> Option<SessionError> + Send + Sync + 'static,
) -> (Result<Option<u64>, SessionError>, Result<(), SessionError>) {
    let (near, far) = duplex(1 << 14);
    let serving = tokio::spawn(async move {
        let (reader, writer) = split(far);
        let client = server.accept(reader, writer).await?;
        let connect = async || {
            let (near, far) = duplex(1 << 14);
            if let Some(error) = dealer(far) {
                return Err(error);
            }
            let (reader, writer) = split(near);
            server.call_dealer(reader, writer).await
        };
        server.serve(client, connect).await
    });
    let [identity, server, dealer] = identities();
    let party = Arc::new(ClientParty::in_memory(identity, *server.public(), *dealer.public()));
    let mut memory = ClientMemory::for_plan(plan);
    let session = async {
        let (reader, writer) = split(near);
        let connection = party.call_server(reader, writer, TIMEOUT).await?;
        let work = &mut Some(memory.workspace());
        HostClient::start(plan, connection, party.clone(), work).await?.prepare(&mut |_, _| {}).await
    };
    let told = session.await;
    (told, serving.await.expect("a session"))
}

/// Lets `dealer` answer a server.
fn answering(dealer: Dealer) -> impl Fn(DuplexStream) -> Option<SessionError> + Send + Sync + 'static {
    let dealer = Arc::new(dealer);
    move |end| {
        let dealer = dealer.clone();
        tokio::spawn(async move {
            let (reader, writer) = split(end);
            dealer.serve(dealer.accept(reader, writer).await?).await
        });
        None
    }
}

fn options() -> DealerOptions {
    DealerOptions { timeout: TIMEOUT, idle: Duration::from_secs(20), ..DealerOptions::default() }
}

#[tokio::test]
async fn a_client_whose_server_does_not_reach_its_dealer_is_not_told_where_it_should_be() {
    let unreachable = |_| {
        let (address, error) = (ADDRESS.into(), "Connection refused (os error 111)".into());
        Some(SessionError::Unreachable { peer: "dealer", address, error })
    };
    let (told, log) = told(network(), unreachable).await;
    let told = told.unwrap_err();
    assert!(told.is_passing(), "{told}");
    let words = told.to_string();
    assert!(
        words.contains("it does not reach the dealer: whoever runs it finds the reason in its log"),
        "{words}"
    );
    assert!(!words.contains("192.0.2.7") && !words.contains("os error"), "{words}");
    assert!(log.unwrap_err().to_string().contains(ADDRESS), "the server's log has it");
}

#[tokio::test]
async fn a_client_is_not_told_what_its_server_s_connection_to_the_dealer_suffered_from() {
    let (told, _) = told(network(), |end| {
        drop(end);
        None
    })
    .await;
    let words = told.unwrap_err().to_string();
    assert!(words.contains("to the dealer") && words.contains("in its log"), "{words}");
}

#[tokio::test]
async fn a_list_that_cannot_be_read_does_not_tell_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("clients-of-the-bank.txt");
    std::fs::write(&list, "# nobody yet\n").expect("a list");
    let clients = Access::file(&list).expect("a list");
    std::fs::remove_file(&list).expect("its end");
    let (told, log) = told(network(), answering(dealer(clients, options()))).await;
    for words in [told.unwrap_err().to_string(), log.unwrap_err().to_string()] {
        assert!(words.contains("its own records") && !words.contains("bank"), "{words}");
        assert!(!words.contains(&folder.path().display().to_string()), "{words}");
    }
}

#[tokio::test]
async fn a_client_that_the_dealer_does_not_know_is_told_its_key() {
    let list = tempfile::NamedTempFile::new().expect("a file");
    let gone = Access::file(list.path()).expect("a list");
    drop(list);
    let (told, _) = told(network(), answering(dealer(gone, options()))).await;
    assert!(told.unwrap_err().to_string().contains("its own records"));
    let nobody = Access::Keys(BTreeMap::new());
    let (told, _) = self::told(network(), answering(dealer(nobody, options()))).await;
    let (words, key) = (told.unwrap_err().to_string(), identities()[0].public().id().to_string());
    assert!(words.contains(&key) && words.contains("is not on the list"), "{words}");
}

#[tokio::test]
async fn a_model_that_is_larger_than_the_dealer_takes_is_refused_before_it_comes() {
    let plan = network().0.bytes().len() as u64;
    let model = plan + 2 * 3 * 9 * 4;
    for (plan_bytes, bytes, refused) in [
        (plan, model, None),
        (plan - 1, model, Some(format!("the plan has {plan} bytes, this dealer takes at most {}", plan - 1))),
        (plan, model - 1, Some(format!("a model of {model} bytes is larger than the {} bytes", model - 1))),
    ] {
        let share = ServerShare { bytes, ..ServerShare::default() };
        let options = DealerOptions { plan_bytes, share, ..options() };
        let (told, _) = told(network(), answering(dealer(Access::Anybody, options))).await;
        match (told, refused) {
            (Ok(_), None) => {}
            (Err(SessionError::Net(NetError::Refused { reason, .. })), Some(refused)) => {
                assert!(reason.contains(&refused), "{reason}");
            }
            (told, refused) => panic!("{told:?}, not {refused:?}"),
        }
    }
}
