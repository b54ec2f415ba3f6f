//! A device's records in a flash whose power is cut at every possible moment: no start is counted twice and no epoch is used
//! twice, whatever was going on. And how long the flash lasts.

use brelu_core::channel::{EPOCH_JUMP, Identity, PublicKey};
use brelu_embedded::records::{Records, RecordsError};
use brelu_tests::flash::{Erasure, Flash, FlashError, PAGE, WORD, at_once};
use embedded_storage_async::nor_flash::{NorFlash, NorFlashErrorKind, ReadNorFlash};
use proptest::prelude::*;

/// Something that a device does with its records.
#[derive(Clone, Copy, Debug)]
enum Op {
    Boot,
    /// Uses an epoch that many later than the last one, with a peer.
    Consume(usize, u32),
}

/// What a device has seen of its records, over all its lives.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The last count of starts.
    boots: u32,
    /// The last epoch that was said to be used, by peer.
    floors: [u32; PEERS],
    /// The epoch that was being used when the power went off.
    pending: Option<(usize, u32)>,
}

const PEERS: usize = 2;

fn peers() -> [PublicKey; PEERS] {
    [1, 2].map(|byte| *Identity::new([byte; 32]).public())
}

type Verdict = Result<(), String>;

fn ensure(holds: bool, words: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(words()) }
}

/// One life: `ops` until there is no power.
async fn live<const W: usize>(flash: &mut Flash<W>, seen: &mut Seen, ops: &[Op]) -> Verdict {
    flash.power_on();
    resume(flash, seen, ops).await
}

/// As [`live`], with the power supply as it is.
async fn resume<const W: usize>(flash: &mut Flash<W>, seen: &mut Seen, ops: &[Op]) -> Verdict {
    let end = flash.end();
    let mut records = Records::new(flash, 0, end).map_err(|error| error.to_string())?;
    let lived = async {
        seen.look(&mut records).await?;
        for op in ops {
            seen.act(&mut records, *op).await?;
        }
        seen.look(&mut records).await
    };
    match lived.await {
        Ok(()) | Err(Stop::Off) => Ok(()),
        Err(Stop::Wrong(words)) => Err(words),
    }
}

/// Why a life ends early.
enum Stop {
    Off,
    Wrong(String),
}

impl From<String> for Stop {
    fn from(words: String) -> Self {
        Stop::Wrong(words)
    }
}

/// Without power the flash does not work; nothing else may be wrong with it.
impl From<RecordsError> for Stop {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::Flash => Stop::Off,
            error => Stop::Wrong(error.to_string()),
        }
    }
}

impl Seen {
    /// Epochs are where they were, or, if one was being used when the power went off, there.
    async fn look<const W: usize>(&mut self, records: &mut Records<&mut Flash<W>>) -> Result<(), Stop> {
        for (peer, key) in peers().iter().enumerate() {
            let (floor, known) = (records.floor(key).await?, self.floors[peer]);
            let pending = self.pending == Some((peer, floor));
            ensure(floor == known || pending, || format!("peer {peer}: {floor} after {known}"))?;
            self.floors[peer] = floor;
        }
        self.pending = None;
        Ok(())
    }

    async fn act<const W: usize>(
        &mut self,
        records: &mut Records<&mut Flash<W>>,
        op: Op,
    ) -> Result<(), Stop> {
        match op {
            Op::Boot => {
                let count = records.boot().await?.count();
                let last = self.boots;
                ensure(count > last, || format!("start {count} after start {last}"))?;
                self.boots = count;
            }
            Op::Consume(peer, more) => {
                let (key, floor) = (peers()[peer], self.floors[peer]);
                for epoch in [0, floor] {
                    let again = records.consume(&key, epoch).await;
                    if again != Err(RecordsError::Reused { epoch, floor }) {
                        again?;
                        return Err(format!("epoch {epoch} was used again").into());
                    }
                }
                self.pending = Some((peer, floor + more));
                records.consume(&key, floor + more).await?;
                (self.floors[peer], self.pending) = (floor + more, None);
            }
        }
        Ok(())
    }
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![Just(Op::Boot), (0..PEERS, 1u32..1 << 20).prop_map(|(peer, more)| Op::Consume(peer, more))]
}

/// A life: what it is for, after how many steps the power goes off, and what the last of them leaves.
fn life() -> impl Strategy<Value = (Vec<Op>, u64, u32)> {
    let torn = prop_oneof![any::<u32>(), (0u32..32).prop_map(|shift| u32::MAX << shift), Just(0)];
    (prop::collection::vec(op(), 1..60), 0u64..300, torn)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_comes_twice_over_many_lives(
        pages in 2usize..5,
        lives in prop::collection::vec(life(), 1..40),
    ) {
        let (mut flash, mut seen) = (Flash::new(pages), Seen::default());
        for (ops, steps, torn) in lives {
            flash.power_on();
            flash.cut_after(steps, torn);
            prop_assert_eq!(at_once(resume(&mut flash, &mut seen, &ops)), Ok(()));
        }
        prop_assert_eq!(at_once(live(&mut flash, &mut seen, &[Op::Boot, Op::Consume(0, 1)])), Ok(()));
    }
}

/// What a step that the power goes off in may leave: nothing, all, the first bytes, the first bits of each byte, some bits.
const TORN: [u32; 6] = [0, u32::MAX, 0xff, 0x00ff_ffff, 0x0f0f_0f0f, 0x8421_1248];

/// A life that turns every page twice.
fn long(pages: usize) -> Vec<Op> {
    let session = |at: usize| [Op::Boot, Op::Consume(at % PEERS, 3)];
    (0..pages * 42).flat_map(session).collect()
}

/// Cuts the power in every step of a long life, and in some steps of the life after it, which has to mend what the first one
/// left; how often there was a cut, and what went wrong.
fn cut_everywhere<const W: usize>(erasure: Erasure) -> (usize, Vec<String>) {
    let (mut cuts, mut wrong) = (0, Vec::new());
    let mut torn = TORN.iter().copied().cycle();
    for pages in [2, 3] {
        let ops = long(pages);
        let (mut flash, mut seen) = (Flash::<W>::of(pages).with_erasure(erasure), Seen::default());
        for (at, op) in ops.iter().enumerate() {
            let before = (flash.clone(), seen.clone());
            at_once(live(&mut flash, &mut seen, &[*op])).expect("a life without a cut");
            for step in 0..flash.steps() - before.0.steps() {
                let torn = torn.next().unwrap_or(0);
                for again in [None, Some(0), Some(2), Some(8), Some(33)] {
                    cuts += 1;
                    let verdict = cut_twice(before.clone(), *op, (step, torn), again);
                    let place =
                        format!("{pages} pages, operation {at}, step {step}, {torn:#x}, then {again:?}");
                    wrong.extend(verdict.err().map(|words| format!("{place}: {words}")));
                }
            }
        }
        assert!(flash.erasures().iter().all(|erased| *erased > 0), "every page is turned");
    }
    (cuts, wrong)
}

/// Cuts the power in a step of `op`, once more in a step of what comes after it, and looks on for some time.
fn cut_twice<const W: usize>(
    (mut flash, mut seen): (Flash<W>, Seen),
    op: Op,
    (step, torn): (u64, u32),
    again: Option<u64>,
) -> Verdict {
    flash.cut_after(step, torn);
    at_once(resume(&mut flash, &mut seen, &[op]))?;
    ensure(flash.is_off(), || "the power stayed on".into())?;
    flash.power_on();
    if let Some(again) = again {
        flash.cut_after(again, torn.rotate_left(11));
        at_once(resume(&mut flash, &mut seen, &long(1)[..8]))?;
    }
    at_once(live(&mut flash, &mut seen, &long(1)[..8]))
}

#[test]
fn nothing_comes_twice_wherever_the_power_is_cut() {
    let (cuts, wrong) = cut_everywhere::<WORD>(Erasure::InOrder);
    assert!(cuts > 2000, "{cuts}");
    assert!(wrong.is_empty(), "{} of {cuts}: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

#[test]
fn an_erasure_that_leaves_any_bits_is_mended() {
    let (cuts, wrong) = cut_everywhere::<WORD>(Erasure::Anywhere);
    println!(
        "single {} of {}: {:#?}",
        wrong.iter().filter(|w| w.contains("then None")).count(),
        wrong.len(),
        wrong.iter().filter(|w| w.contains("then None")).take(12).collect::<Vec<_>>()
    );
    assert!(wrong.is_empty(), "{} of {cuts}: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

/// Flash of some chips is written in long words, each once between two erasures.
#[test]
fn long_words_of_flash_will_do() {
    let (cuts, wrong) = cut_everywhere::<32>(Erasure::InOrder);
    assert!(cuts > 400, "{cuts}");
    assert!(wrong.is_empty(), "{} of {cuts}: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    let refused = Records::new(Flash::<64>::of(4), 0, 2 * PAGE as u32).map(|_| ());
    assert_eq!(refused, Err(RecordsError::Pages));
}

/// Starts with so many epochs each, and how many of them a page lasts between two erasures.
fn wear(pages: usize, epochs: u32) -> u32 {
    let (mut flash, peer, lives) = (Flash::new(pages), peers()[0], 8000 / (1 + epochs));
    for life in 0..lives {
        let end = flash.end();
        let mut records = Records::new(&mut flash, 0, end).expect("pages");
        assert_eq!(at_once(records.boot()).expect("a start").count(), life + 1);
        for epoch in life * epochs..(life + 1) * epochs {
            at_once(records.consume(&peer, epoch + 1)).expect("a new epoch");
        }
    }
    let (least, most) = (flash.erasures().iter().min(), flash.erasures().iter().max());
    let (least, most) = least.zip(most).expect("pages");
    assert!(most - least <= 1, "{:?}", flash.erasures());
    lives / most
}

#[test]
fn pages_wear_alike_and_last() {
    assert_eq!([wear(2, 0), wear(2, 1), wear(2, 9)], [125, 61, 12]);
    assert_eq!([wear(4, 0), wear(4, 1), wear(4, 9)], [250, 121, 24]);
}

#[test]
fn an_epoch_that_jumps_is_refused() {
    let (mut flash, peer) = (Flash::new(2), peers()[0]);
    let end = flash.end();
    let mut records = Records::new(&mut flash, 0, end).expect("pages");
    for (floor, late) in [(1, EPOCH_JUMP + 2), (1, u32::MAX), (EPOCH_JUMP, u32::MAX - 1)] {
        at_once(records.consume(&peer, floor)).ok();
        let refused = at_once(records.consume(&peer, late));
        assert_eq!(refused, Err(RecordsError::Jump { epoch: late, floor }));
    }
    assert_eq!(at_once(records.consume(&peer, 2 * EPOCH_JUMP)), Ok(()));
}

#[test]
fn pages_are_checked() {
    let page = PAGE as u32;
    for (from, to) in [
        (0, 0),
        (0, page),
        (0, page + 4),
        (4, 2 * page + 4),
        (0, 3 * page - 1),
        (2 * page, 0),
        (2 * page, 5 * page),
    ] {
        let refused = Records::new(Flash::new(4), from, to).map(|_| ());
        assert_eq!(refused, Err(RecordsError::Pages), "{from} .. {to}");
    }
    assert!(Records::new(Flash::new(4), page, 3 * page).is_ok());
}

#[test]
fn the_flash_is_one() {
    let mut flash = Flash::new(2);
    at_once(async {
        flash.write(8, &[0xf0; 4]).await.expect("a word");
        flash.write(8, &[0x3c; 4]).await.expect("the same word");
        let mut word = [0; WORD];
        flash.read(8, &mut word).await.expect("a word");
        assert_eq!(word, [0x30; 4], "bits are only cleared");
        flash.erase(0, PAGE as u32).await.expect("a page");
        flash.read(8, &mut word).await.expect("a word");
        assert_eq!(word, [0xff; 4]);
        let misuse = FlashError::Misuse(NorFlashErrorKind::NotAligned);
        assert_eq!(flash.write(2, &[0; 4]).await, Err(misuse));
        assert_eq!(flash.erase(0, 512).await, Err(misuse));
        flash.cut_after(1, 0xff);
        assert_eq!(flash.write(0, &[0; 12]).await, Err(FlashError::Off));
        assert_eq!(flash.read(0, &mut word).await, Err(FlashError::Off));
        flash.power_on();
        let mut bytes = [0; 12];
        flash.read(0, &mut bytes).await.expect("three words");
        assert_eq!(bytes, [0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255]);
    });
}
