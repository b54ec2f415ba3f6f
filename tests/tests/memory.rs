//! What messages and files cost in memory, and what is left of secrets in memory that is given back: nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_core::channel::{Identity, Pair};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Channel, Plan};
use brelu_core::prf::PairKey;
use brelu_host::pipe::{NetError, Pipe};
use brelu_host::plan_file::{OwnedPlan, keep};
use brelu_host::secure::Call;
use brelu_host::server::ServerModel;
use brelu_host::weights::{Weights, WeightsError};
use brelu_tests::build::Builder;
use brelu_tests::memory::{Alone, MARK, Watched};
use brelu_tests::parties::TIMEOUT;
use brelu_tests::script::out_of_time;
use tokio::io::split;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Two convolutions whose weights are all [`MARK`]: one of rows, which the kernels multiply, one dense.
fn marked() -> (&'static Plan<'static>, Weights) {
    let shape = Shape::new(8, 6, 6);
    let map = Conv2d::square(shape, 16, 3, 1, 1);
    let mut builder = Builder::new(shape, 32);
    let z = builder.linear(&[(0, map, vec![MARK; map.weight_len()])], vec![MARK; 16], 16, 12);
    let y = builder.activation(z, 32, 6, &[Channel::relu(5); 16]);
    let vector = builder.flatten(y);
    let dense = Conv2d::dense(16 * 36, 40);
    builder.linear(&[(vector, dense, vec![MARK; dense.weight_len()])], vec![MARK; 40], 16, 12);
    let (plan, weights) = builder.finish();
    let plan = keep(plan).expect("a valid plan");
    (plan, weights(plan))
}

#[test]
fn nothing_is_left_of_weights_between_their_file_and_the_kernels() {
    let alone = Alone::begin();
    let (plan, weights) = marked();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("marked.weights");
    let (_, seen) = alone.watch(|| std::fs::write(&path, &*weights.to_bytes()).expect("a file"));
    assert_eq!(seen.left, 0, "writing");
    let (_, careless) = alone.watch(|| drop(std::fs::read(&path)));
    assert_eq!(careless.left, 1, "a file that is read as files are read is noticed");
    let (read, seen) = alone.watch(|| Weights::read(plan, &path).expect("weights"));
    assert_eq!((seen.left, &read), (0, &weights), "reading");
    let owned = Arc::new(OwnedPlan::copy(plan).expect("a valid plan"));
    let (model, seen) = alone.watch(|| ServerModel::new(owned, read, PairKey::new([1; 32])));
    assert_eq!(seen.left, 0, "packing");
    let (_, seen) = alone.watch(|| drop(model));
    assert_eq!(seen.left, 0, "the end of a server");
    let (_, seen) = alone.watch(|| drop(weights));
    assert_eq!(seen.left, 0, "the end of weights");
}

#[test]
fn nothing_is_left_of_weights_that_are_refused() {
    let alone = Alone::begin();
    let (plan, weights) = marked();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged.weights");
    let whole = weights.to_bytes();
    for len in [41, 42, 80, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..len]).expect("a file");
        let (refused, seen) = alone.watch(|| Weights::read(plan, &path).is_err());
        assert_eq!((refused, seen.left), (true, 0), "{len} bytes");
    }
    let endless = vec![0; 1 << 22];
    std::fs::write(&path, &endless).expect("a file");
    let (refused, seen) = alone.watch(|| Weights::read(plan, &path));
    assert_eq!(refused, Err(WeightsError::Damaged("it is longer than weights of this plan can be")));
    assert!(seen.peak < endless.len() / 2, "{} bytes for {}", seen.peak, whole.len());
}

#[test]
fn a_message_costs_what_has_come_of_it() {
    let alone = Alone::begin();
    let start = Instant::now();
    let (error, seen) = alone.watch(|| {
        out_of_time(async {
            let (near, far) = tokio::io::duplex(1 << 12);
            let pipe = |name, end| {
                let (reader, writer) = split(end);
                Pipe::new(name, reader, writer, TIMEOUT, None)
            };
            let (mut sends, mut receives) = (pipe("receiver", near), pipe("sender", far));
            let receiving = receives.receive_message(8 << 32);
            let sending = async {
                sends.send_data(&[1; 1000]).await.expect("a frame");
                drop(sends);
            };
            tokio::join!(receiving, sending).0
        })
    });
    assert_eq!(error.unwrap_err(), NetError::Closed("sender"));
    assert!(seen.peak < 1 << 20, "{} bytes for 1000 of 4 GiB", seen.peak);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn nothing_is_left_of_a_message_that_grew() {
    let alone = Alone::begin();
    let secret: Vec<u8> = std::iter::repeat_n(MARK.to_le_bytes(), 400_000).flatten().collect();
    let (got, seen) = alone.watch(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a runtime").block_on(exchange(&secret))
    });
    assert_eq!((got, seen.left), (secret.len(), 0));
    assert!(seen.peak < 3 * secret.len(), "{} bytes for {}", seen.peak, secret.len());
}

/// Sends `secret` over a secure connection; bytes that came.
async fn exchange(secret: &[u8]) -> usize {
    let (near, far) = tokio::io::duplex(1 << 14);
    let [server, dealer] = [2, 3].map(|byte| Identity::new([byte; 32]));
    let call = |peer| Call { pair: Pair::ServerDealer, peer, timeout: TIMEOUT };
    let calling = async {
        let (reader, writer) = split(near);
        let mut to =
            call("dealer").connect(reader, writer, &server, dealer.public()).await.expect("a dealer");
        to.pipe.send_frame(brelu_core::transport::FrameKind::Hello, Vec::new()).await.expect("a greeting");
        to.pipe.send_data(secret).await.expect("a message");
        to
    };
    let answering = async {
        let (reader, writer) = split(far);
        let mut from = call("server").accept(reader, writer, &dealer, |_| Ok(())).await.expect("a server");
        from.pipe.allow(1 << 12);
        from.pipe.receive_message(8 * secret.len() as u64).await.expect("a message").len()
    };
    tokio::join!(calling, answering).1
}
