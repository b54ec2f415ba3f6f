//! Epochs only rise, in one process and in several, and survive a torn log.

use std::fs;
use std::path::Path;

use brelu_core::channel::{EPOCH_JUMP, EPOCH_LEAD};
use brelu_host::state::{Epochs, Peer, StateError};
use proptest::prelude::*;

use crate::support::peer;

const HEADER: usize = 30;
const RECORD: usize = 40;

/// A log of three records: epochs 1 and 2 of peer 1, epoch 5 of peer 2.
fn three(path: &Path) -> Vec<u8> {
    let epochs = Epochs::open(path).unwrap();
    epochs.consume(&peer(1), 1).unwrap();
    epochs.consume(&peer(1), 2).unwrap();
    epochs.consume(&peer(2), 5).unwrap();
    let log = fs::read(path).unwrap();
    assert_eq!(log.len(), HEADER + 3 * RECORD);
    log
}

fn floors(epochs: &Epochs) -> (u32, u32) {
    (epochs.floor(&peer(1)).unwrap(), epochs.floor(&peer(2)).unwrap())
}

/// A log in which `epoch` is the last one of peer 1.
fn at(path: &Path, epoch: u32) -> Epochs {
    drop(Epochs::open(path).unwrap());
    let mut log = fs::read(path).unwrap();
    log.extend(record(&peer(1), epoch));
    fs::write(path, log).unwrap();
    Epochs::open(path).unwrap()
}

fn record(peer: &Peer, epoch: u32) -> Vec<u8> {
    let mut record = [&peer[..], &epoch.to_le_bytes()].concat();
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&record);
    record.extend(crc.to_le_bytes());
    record
}

#[test]
fn the_last_epoch_is_the_last() {
    let directory = tempfile::tempdir().unwrap();
    let epochs = at(&directory.path().join("epochs"), u32::MAX - 1);
    assert!(matches!(epochs.consume(&peer(2), 0), Err(StateError::Reused { epoch: 0, floor: 0 })));
    assert_eq!(epochs.next(&peer(1), 7).unwrap(), u32::MAX);
    assert!(matches!(epochs.next(&peer(1), 0), Err(StateError::Exhausted)));
    assert!(matches!(epochs.next(&peer(1), u32::MAX), Err(StateError::Exhausted)));
    assert!(matches!(epochs.consume(&peer(1), u32::MAX), Err(StateError::Reused { .. })));
    assert_eq!(floors(&epochs), (u32::MAX, 0));
}

#[test]
fn a_later_epoch_than_sessions_explain_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for epochs in [Epochs::memory(), Epochs::open(&directory.path().join("epochs")).unwrap()] {
        for late in [EPOCH_JUMP + 1, u32::MAX - 1, u32::MAX] {
            let refused = epochs.consume(&peer(1), late);
            assert!(matches!(refused, Err(StateError::Jump { floor: 0, .. })), "{refused:?}");
        }
        epochs.consume(&peer(1), EPOCH_JUMP).unwrap();
        assert!(epochs.consume(&peer(1), 2 * EPOCH_JUMP + 1).is_err());
        epochs.consume(&peer(1), 2 * EPOCH_JUMP).unwrap();
        assert_eq!(floors(&epochs), (2 * EPOCH_JUMP, 0));
    }
}

#[test]
fn a_record_that_is_far_behind_follows_step_by_step() {
    let directory = tempfile::tempdir().unwrap();
    for epochs in [Epochs::memory(), Epochs::open(&directory.path().join("epochs")).unwrap()] {
        assert_eq!(epochs.next(&peer(1), EPOCH_LEAD).unwrap(), EPOCH_LEAD + 1);
        // A lie costs as many epochs, and not the last ones.
        let refused = epochs.next(&peer(1), u32::MAX - 1);
        assert!(matches!(refused, Err(StateError::Behind { .. })), "{refused:?}");
        assert_eq!(epochs.next(&peer(1), 0).unwrap(), 2 * EPOCH_LEAD + 2);
        // Whoever has lost its records meets those who have not.
        let refused = (0..20).take_while(|_| epochs.next(&peer(2), 10 * EPOCH_LEAD).is_err()).count();
        assert_eq!(refused, 9);
        assert_eq!(floors(&epochs).1, 10 * EPOCH_LEAD + 1);
    }
}

#[test]
fn a_group_has_so_many_peers() {
    let directory = tempfile::tempdir().unwrap();
    let named = |group: u8, index: u8| [[group; 16], [index; 16]].concat().try_into().unwrap();
    for epochs in [Epochs::memory(), Epochs::open(&directory.path().join("epochs")).unwrap()] {
        for index in 0..3 {
            epochs.next_among(&named(1, index), 0, 3).unwrap();
        }
        let refused = epochs.next_among(&named(1, 3), 0, 3);
        assert!(matches!(refused, Err(StateError::Crowded(3))), "{refused:?}");
        assert_eq!(epochs.floor(&named(1, 3)).unwrap(), 0);
        assert_eq!(epochs.next_among(&named(1, 0), 0, 3).unwrap(), 2);
        assert_eq!(epochs.next_among(&named(0, 9), 0, 3).unwrap(), 1);
        assert_eq!(epochs.next_among(&named(2, 9), 0, 3).unwrap(), 1);
    }
}

#[test]
fn a_log_is_rewritten_while_it_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let [one, two] = [Epochs::open(&path).unwrap(), Epochs::open(&path).unwrap()];
    let mut longest = 0;
    for epoch in 1..=1500 {
        let epochs = if epoch % 3 == 0 { &two } else { &one };
        epochs.consume(&peer(1), epoch).unwrap();
        assert!(matches!(two.consume(&peer(1), epoch), Err(StateError::Reused { .. })), "{epoch}");
        longest = longest.max((fs::read(&path).unwrap().len() - HEADER) / RECORD);
    }
    assert!((257..=258).contains(&longest), "{longest} records");
    assert_eq!([floors(&one), floors(&two), floors(&Epochs::open(&path).unwrap())], [(1500, 0); 3]);
}

#[test]
fn a_log_that_cannot_be_rewritten_serves_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let epochs = Epochs::open(&path).unwrap();
    let draft = directory.path().join("epochs.tmp");
    fs::create_dir(&draft).unwrap();
    for epoch in 1..=600 {
        epochs.consume(&peer(1), epoch).unwrap();
    }
    assert_eq!(fs::read(&path).unwrap().len(), HEADER + 600 * RECORD);
    fs::remove_dir(&draft).unwrap();
    for epoch in 601..=1200 {
        epochs.consume(&peer(1), epoch).unwrap();
    }
    assert!(fs::read(&path).unwrap().len() < HEADER + 520 * RECORD);
    assert_eq!(floors(&Epochs::open(&path).unwrap()), (1200, 0));
}

/// A process that ends after it has written the new log and before it has put it in place leaves a draft that nobody reads.
#[test]
fn an_interrupted_rewrite_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let epochs = Epochs::open(&path).unwrap();
    for epoch in 1..=250 {
        epochs.consume(&peer(1), epoch).unwrap();
    }
    let [draft, other] = ["epochs.tmp", "other"].map(|name| directory.path().join(name));
    drop(at(&other, 250));
    fs::rename(&other, &draft).unwrap();
    epochs.consume(&peer(1), 251).unwrap();
    epochs.consume(&peer(2), 4).unwrap();
    assert_eq!(floors(&Epochs::open(&path).unwrap()), (251, 4));
    for epoch in 252..=270 {
        epochs.consume(&peer(1), epoch).unwrap();
    }
    assert!(!draft.exists(), "the next rewrite takes its place");
    assert_eq!((floors(&epochs), floors(&Epochs::open(&path).unwrap())), ((270, 4), (270, 4)));
}

#[test]
fn a_torn_tail_is_cut_at_every_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let whole = three(&path);
    for cut in whole.len() - RECORD..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let epochs = Epochs::open(&path).unwrap();
        assert_eq!(floors(&epochs), (2, 0), "cut at {cut}");
        assert_eq!(epochs.next(&peer(2), 0).unwrap(), 1);
        assert_eq!(floors(&Epochs::open(&path).unwrap()), (2, 1), "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap().len(), whole.len());
    }
}

#[test]
fn a_torn_tail_of_somebody_else_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let whole = three(&path);
    let epochs = Epochs::open(&path).unwrap();
    for len in 1..=RECORD {
        let torn = [&fs::read(&path).unwrap()[..], &vec![0xff; len]].concat();
        fs::write(&path, torn).unwrap();
        epochs.next(&peer(3), 0).unwrap();
        assert_eq!(Epochs::open(&path).unwrap().floor(&peer(3)).unwrap(), len as u32);
    }
    assert_eq!(fs::read(&path).unwrap().len(), whole.len() + RECORD * RECORD);
}

#[test]
fn a_flipped_byte_is_damage_except_in_the_last_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let whole = three(&path);
    for at in 0..whole.len() {
        let mut log = whole.clone();
        log[at] ^= 1 << (at % 8);
        fs::write(&path, &log).unwrap();
        match Epochs::open(&path) {
            Err(StateError::DamagedLog { .. }) => assert!(at < whole.len() - RECORD, "byte {at}"),
            Ok(epochs) => {
                assert!(at >= whole.len() - RECORD, "byte {at}");
                assert_eq!(floors(&epochs), (2, 0));
            }
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
}

#[test]
fn damage_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    fs::write(&path, b"").unwrap();
    let error = Epochs::open(&path).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("delete it"), "{error}");
    let missing = Epochs::open(&directory.path().join("no/epochs")).unwrap_err();
    assert!(matches!(missing, StateError::Io { .. }), "{missing}");
}

#[test]
fn a_log_under_a_living_process_does_not_go_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let whole = three(&path);
    let epochs = Epochs::open(&path).unwrap();
    fs::write(&path, &whole[..HEADER + RECORD]).unwrap();
    assert!(matches!(epochs.consume(&peer(2), 6), Err(StateError::DamagedLog { .. })));
    fs::remove_file(&path).unwrap();
    let anew = Epochs::open(&path).unwrap();
    assert_eq!(anew.next(&peer(1), 0).unwrap(), 1);
    assert_eq!(floors(&epochs), (2, 5));
    assert_eq!(epochs.next(&peer(1), 0).unwrap(), 3);
    assert_eq!(floors(&anew), (3, 0));
}

#[test]
fn superseded_records_are_dropped_under_others_feet() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let old = Epochs::open(&path).unwrap();
    let draft = directory.path().join("epochs.tmp");
    fs::create_dir(&draft).unwrap();
    for epoch in 1..=300 {
        old.consume(&peer(1), epoch).unwrap();
    }
    old.consume(&peer(2), 9).unwrap();
    assert_eq!(
        floors(&Epochs::open(&path).unwrap()),
        (300, 9),
        "a log that cannot be rewritten serves as it is"
    );
    assert_eq!(fs::read(&path).unwrap().len(), HEADER + 301 * RECORD);
    fs::remove_dir(&draft).unwrap();
    fs::write(&draft, b"interrupted").unwrap();
    let new = Epochs::open(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap().len(), HEADER + 2 * RECORD);
    assert!(!draft.exists());
    assert_eq!((floors(&new), floors(&old)), ((300, 9), (300, 9)));
    assert_eq!(old.next(&peer(1), 0).unwrap(), 301);
    assert!(matches!(new.consume(&peer(1), 301), Err(StateError::Reused { epoch: 301, floor: 301 })));
    assert_eq!(new.next(&peer(2), 0).unwrap(), 10);
    assert_eq!(floors(&old), (301, 10));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    three(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[derive(Clone, Debug)]
enum Op {
    Consume(Peer, u32),
    Next(Peer, u32),
    Floor(Peer),
    Reopen,
    Tear(Vec<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    let peers = || (1..4u8).prop_map(peer);
    prop_oneof![
        4 => (peers(), 0..20u32).prop_map(|(peer, epoch)| Op::Consume(peer, epoch)),
        4 => (peers(), 0..20u32).prop_map(|(peer, least)| Op::Next(peer, least)),
        2 => peers().prop_map(Op::Floor),
        1 => Just(Op::Reopen),
        1 => prop::collection::vec(any::<u8>(), 1..RECORD).prop_map(Op::Tear),
    ]
}

/// Does `op` and checks it against the model.
fn step(epochs: &mut Epochs, model: &mut [u32; 4], path: Option<&Path>, op: &Op) {
    match op {
        Op::Consume(peer, epoch) => {
            let floor = &mut model[peer[0] as usize];
            assert_eq!(epochs.consume(peer, *epoch).is_ok(), epoch > floor);
            *floor = (*floor).max(*epoch);
        }
        Op::Next(peer, least) => {
            let floor = &mut model[peer[0] as usize];
            *floor = (*floor).max(*least) + 1;
            assert_eq!(epochs.next(peer, *least).unwrap(), *floor);
        }
        Op::Floor(peer) => assert_eq!(epochs.floor(peer).unwrap(), model[peer[0] as usize]),
        Op::Reopen => path.map_or((), |path| *epochs = Epochs::open(path).unwrap()),
        Op::Tear(bytes) => {
            let Some(path) = path else { return };
            // Nothing is torn behind a torn record: it is cut before the next append.
            let log = fs::read(path).unwrap();
            let whole = log.len() - (log.len() - HEADER) % RECORD;
            fs::write(path, [&log[..whole], bytes].concat()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn two_processes_agree_with_the_model(ops in prop::collection::vec((any::<bool>(), op()), 1..40)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("epochs");
        let mut handles = [Epochs::open(&path).unwrap(), Epochs::open(&path).unwrap()];
        let mut model = [0; 4];
        for (which, op) in ops {
            step(&mut handles[usize::from(which)], &mut model, Some(&path), &op);
        }
    }

    #[test]
    fn memory_agrees_with_the_model(ops in prop::collection::vec(op(), 1..40)) {
        let (mut epochs, mut model) = (Epochs::memory(), [0; 4]);
        for op in ops {
            step(&mut epochs, &mut model, None, &op);
        }
    }
}
