//! Epochs only rise, in one process and in several, and survive a torn log.

use std::fs;
use std::path::Path;

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

#[test]
fn the_last_epoch_is_the_last() {
    let directory = tempfile::tempdir().unwrap();
    for epochs in [Epochs::memory(), Epochs::open(&directory.path().join("epochs")).unwrap()] {
        assert!(matches!(epochs.consume(&peer(1), 0), Err(StateError::Reused { epoch: 0, floor: 0 })));
        assert_eq!(epochs.next(&peer(1), u32::MAX - 1).unwrap(), u32::MAX);
        assert!(matches!(epochs.next(&peer(1), 0), Err(StateError::Exhausted)));
        assert!(matches!(epochs.next(&peer(2), u32::MAX), Err(StateError::Exhausted)));
        assert!(matches!(epochs.consume(&peer(1), u32::MAX), Err(StateError::Reused { .. })));
        assert_eq!(floors(&epochs), (u32::MAX, 0));
    }
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
    for epoch in 1..=300 {
        old.consume(&peer(1), epoch).unwrap();
    }
    old.consume(&peer(2), 9).unwrap();
    let draft = directory.path().join("epochs.tmp");
    fs::create_dir(&draft).unwrap();
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
