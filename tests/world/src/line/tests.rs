//! Every act does what it says, and nothing else.

use brelu_core::channel::{ANSWER_LEN, FIRST_OVERHEAD};
use tokio::io::{AsyncReadExt, DuplexStream, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::*;

/// What is sent: the first handshake message, and three records.
fn pieces() -> Vec<Vec<u8>> {
    let record = |len: u8| [&[len, 0, 0][..], &vec![len; usize::from(len)]].concat();
    vec![vec![9; FIRST_OVERHEAD], record(20), record(30), record(40)]
}

/// The two ends of a wire with `act` at one record from near to far.
fn wire(index: usize, act: Act) -> (DuplexStream, DuplexStream, JoinHandle<()>) {
    let ((near, near_inner), (far, far_inner)) = (duplex(1 << 16), duplex(1 << 16));
    let there = Route::ClientServer;
    let tap: Tap =
        Arc::new(move |link, at, _| if (link, at) == (there, index) { act } else { Act::Pass }.into());
    let line = Line { there, cut: Cut::Records, tap };
    let joined = tokio::spawn(line.join(split(near_inner), split(far_inner)));
    (near, far, joined)
}

/// What arrives of [`pieces`], after which the near end says no more.
async fn arrives(index: usize, act: Act) -> Vec<u8> {
    let (mut near, mut far, _joined) = wire(index, act);
    near.write_all(&pieces().concat()).await.unwrap();
    near.shutdown().await.unwrap();
    let mut got = Vec::new();
    timeout(Duration::from_secs(5), far.read_to_end(&mut got)).await.unwrap().unwrap();
    got
}

#[tokio::test]
async fn records_pass_as_they_are() {
    assert_eq!(arrives(0, Act::Pass).await, pieces().concat());
}

#[tokio::test]
async fn records_are_altered_one_at_a_time() {
    for index in 0..4 {
        let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut pieces = pieces();
            change(&mut pieces);
            pieces.concat()
        };
        let flipped = with(&|pieces| pieces[index][2] ^= 0b100);
        assert_eq!(arrives(index, Act::Flip(18)).await, flipped);
        let doubled = with(&|pieces| pieces.insert(index, pieces[index].clone()));
        assert_eq!(arrives(index, Act::Double).await, doubled);
        let dropped = with(&|pieces| drop(pieces.remove(index)));
        assert_eq!(arrives(index, Act::Drop).await, dropped);
        let cut = pieces()[..index].concat();
        assert_eq!(arrives(index, Act::Cut(0)).await, cut);
        assert_eq!(arrives(index, Act::Cut(7)).await, [&cut[..], &pieces()[index][..7]].concat());
    }
}

#[tokio::test]
async fn records_change_places() {
    let [first, second, third, fourth] = pieces().try_into().unwrap();
    assert_eq!(arrives(1, Act::Swap).await, [first, third, second, fourth].concat());
}

#[tokio::test]
async fn a_late_record_holds_up_those_after_it() {
    let start = Instant::now();
    assert_eq!(arrives(2, Act::Delay(Duration::from_millis(80))).await, pieces().concat());
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_cut_ends_both_directions() {
    let (mut near, mut far, joined) = wire(1, Act::Cut(0));
    near.write_all(&pieces().concat()).await.unwrap();
    let mut rest = Vec::new();
    near.read_to_end(&mut rest).await.unwrap();
    far.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest.len(), FIRST_OVERHEAD);
    timeout(Duration::from_secs(5), joined).await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_is_heard_of_a_frozen_wire() {
    let (mut near, mut far, joined) = wire(1, Act::Freeze);
    near.write_all(&pieces().concat()).await.unwrap();
    far.write_all(&[7; ANSWER_LEN]).await.unwrap();
    let mut buffer = [0; 4096];
    far.read_exact(&mut buffer[..FIRST_OVERHEAD]).await.unwrap();
    let wait = Duration::from_millis(80);
    assert!(timeout(wait, far.read(&mut buffer)).await.is_err());
    near.write_all(&[0; 100]).await.unwrap();
    drop(near);
    // Not even that the other end is gone.
    assert!(timeout(wait, far.read(&mut buffer)).await.is_err());
    drop(far);
    timeout(Duration::from_secs(5), joined).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_other_direction_has_records_of_its_own() {
    let (mut near, mut far, _joined) = wire(1, Act::Drop);
    let answer = [vec![3; ANSWER_LEN], vec![2, 0, 0, 5, 5]].concat();
    far.write_all(&answer).await.unwrap();
    let mut got = vec![0; answer.len()];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(got, answer);
}
