//! Counts of inferences only rise, for one client and one day as for several, and survive a torn log.

use std::fs;
use std::path::Path;

use brelu_host::quota::{Day, Limit, Quota, UsedUp};
use brelu_host::state::{Epochs, StateError, Usage, Used};
use proptest::prelude::*;

use crate::support::peer;

const HEADER: usize = 30;
const RECORD: usize = 56;

const NONE: Quota = Quota { total: Limit::Unset, day: Limit::Unset };

const fn most(total: u64, day: u64) -> Quota {
    Quota { total: Limit::Most(total), day: Limit::Most(day) }
}

fn used(total: u64, day: u32, on_day: u64) -> Used {
    Used { total, day: Day(day), on_day }
}

fn used_up(result: Result<Used, StateError>) -> UsedUp {
    match result {
        Err(StateError::UsedUp(used_up)) => used_up,
        result => panic!("{result:?}"),
    }
}

/// A log of three inferences: two of client 1 on days 7 and 8, one of client 2 on day 8.
fn three(path: &Path) -> Vec<u8> {
    let usage = Usage::open(path).unwrap();
    for (index, day) in [(1, 7), (1, 8), (2, 8)] {
        usage.count(&peer(index), &NONE, Day(day)).unwrap();
    }
    let log = fs::read(path).unwrap();
    assert_eq!(log.len(), HEADER + 3 * RECORD);
    log
}

fn totals(usage: &Usage) -> [u64; 2] {
    [1, 2].map(|index| usage.of(&peer(index)).unwrap().total)
}

#[test]
fn a_quota_is_had_once_and_a_days_every_day() {
    let directory = tempfile::tempdir().unwrap();
    for usage in [Usage::memory(), Usage::open(&directory.path().join("usage")).unwrap()] {
        let count = |quota, day| usage.count(&peer(1), &quota, Day(day));
        assert_eq!(usage.of(&peer(1)).unwrap(), Used::default());
        assert_eq!(count(most(4, 2), 7).unwrap(), used(1, 7, 1));
        assert_eq!(count(most(4, 2), 7).unwrap(), used(2, 7, 2));
        assert_eq!(used_up(count(most(4, 2), 7)), UsedUp::Day { most: 2, again: Day(8) });
        assert_eq!(count(most(4, 2), 9).unwrap(), used(3, 9, 1));
        assert_eq!(count(most(4, 2), 9).unwrap(), used(4, 9, 2));
        assert_eq!(used_up(count(most(4, 2), 10)), UsedUp::Total(4));
        assert_eq!(used_up(count(most(1, 9), 10)), UsedUp::Total(1), "a limit that came later");
        assert_eq!(count(most(5, 2), 10).unwrap(), used(5, 10, 1));
        assert_eq!(usage.count(&peer(2), &most(1, 1), Day(3)).unwrap(), used(1, 3, 1));
        assert_eq!(usage.all().unwrap(), [(peer(1), used(5, 10, 1)), (peer(2), used(1, 3, 1))].into());
    }
}

#[test]
fn a_clock_that_was_ahead_keeps_its_day() {
    let usage = Usage::memory();
    let count = |quota, day| usage.count(&peer(1), &quota, Day(day));
    count(most(9, 2), 1000).unwrap();
    assert_eq!(count(most(9, 2), 7).unwrap(), used(2, 1000, 2));
    assert_eq!(used_up(count(most(9, 2), 8)), UsedUp::Day { most: 2, again: Day(1001) });
    assert_eq!(count(most(9, 3), 8).unwrap(), used(3, 1000, 3), "a higher limit helps");
    assert_eq!(count(most(9, 2), 1001).unwrap(), used(4, 1001, 1));
}

#[test]
fn a_torn_tail_is_cut_at_every_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage");
    let whole = three(&path);
    for cut in whole.len() - RECORD..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let usage = Usage::open(&path).unwrap();
        assert_eq!(totals(&usage), [2, 0], "cut at {cut}");
        usage.count(&peer(2), &most(1, 1), Day(8)).unwrap();
        assert_eq!(totals(&Usage::open(&path).unwrap()), [2, 1], "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap().len(), whole.len());
    }
}

#[test]
fn a_flipped_byte_is_damage_except_in_the_last_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage");
    let whole = three(&path);
    for at in 0..whole.len() {
        let mut log = whole.clone();
        log[at] ^= 1 << (at % 8);
        fs::write(&path, &log).unwrap();
        match Usage::open(&path) {
            Err(error @ StateError::DamagedCount { .. }) => {
                assert!(at < whole.len() - RECORD, "byte {at}");
                assert!(error.to_string().contains("its whole quota again"), "{error}");
            }
            Ok(usage) => {
                assert!(at >= whole.len() - RECORD, "byte {at}");
                assert_eq!(totals(&usage), [2, 0]);
            }
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
}

#[test]
fn a_count_that_is_gone_or_another_log_gives_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("usage"), directory.path().join("epochs"));
    three(&path);
    let usage = Usage::open(&path).unwrap();
    Epochs::open(&other).unwrap();
    fs::copy(&other, &path).unwrap();
    let error = usage.count(&peer(1), &NONE, Day(9)).unwrap_err().to_string();
    assert!(error.contains("a file of another kind"), "{error}");
    fs::remove_file(&path).unwrap();
    assert!(matches!(usage.count(&peer(1), &NONE, Day(9)), Err(StateError::Io { .. })));
    assert!(matches!(usage.of(&peer(1)), Err(StateError::Io { .. })));
    assert!(!path.exists());
}

#[test]
fn superseded_counts_are_dropped_under_others_feet() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage");
    let old = Usage::open(&path).unwrap();
    for _ in 0..300 {
        old.count(&peer(1), &NONE, Day(5)).unwrap();
    }
    let new = Usage::open(&path).unwrap();
    assert!(fs::read(&path).unwrap().len() <= HEADER + 258 * RECORD);
    assert_eq!((totals(&old), totals(&new)), ([300, 0], [300, 0]));
    assert_eq!(old.count(&peer(1), &most(302, 302), Day(5)).unwrap(), used(301, 5, 301));
    assert_eq!(new.count(&peer(1), &most(302, 302), Day(5)).unwrap(), used(302, 5, 302));
    assert_eq!(used_up(old.count(&peer(1), &most(302, 302), Day(5))), UsedUp::Total(302));
}

#[derive(Clone, Debug)]
enum Op {
    Count { client: u8, quota: Quota, day: u32 },
    Reopen,
    Tear(Vec<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    let limit = || prop_oneof![Just(Limit::Unset), Just(Limit::Unlimited), (1..6u64).prop_map(Limit::Most)];
    let count = (1..3u8, limit(), limit(), 0..4u32);
    prop_oneof![
        8 => count.prop_map(|(client, total, day_limit, day)| {
            Op::Count { client, quota: Quota { total, day: day_limit }, day }
        }),
        1 => Just(Op::Reopen),
        1 => prop::collection::vec(any::<u8>(), 1..RECORD).prop_map(Op::Tear),
    ]
}

/// Whether the inferences of one client, by the day they count for, leave one more on `day`.
fn leaves(had: &[u32], quota: &Quota, day: u32) -> bool {
    let on_day = had.iter().filter(|other| **other == day).count() as u64;
    quota.total.most().is_none_or(|most| (had.len() as u64) < most)
        && quota.day.most().is_none_or(|most| on_day < most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn two_processes_agree_with_the_model(ops in prop::collection::vec((any::<bool>(), op()), 1..50)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("usage");
        let mut handles = [Usage::open(&path).unwrap(), Usage::open(&path).unwrap()];
        let mut model: [Vec<u32>; 3] = Default::default();
        for (which, op) in ops {
            let usage = &mut handles[usize::from(which)];
            match op {
                Op::Count { client, quota, day } => {
                    let had = &mut model[usize::from(client)];
                    let day = had.last().copied().unwrap_or(0).max(day);
                    let expected = leaves(had, &quota, day);
                    prop_assert_eq!(usage.count(&peer(client), &quota, Day(day)).is_ok(), expected);
                    had.extend(expected.then_some(day));
                    prop_assert_eq!(usage.of(&peer(client)).unwrap().total, had.len() as u64);
                }
                Op::Reopen => *usage = Usage::open(&path).unwrap(),
                Op::Tear(bytes) => {
                    let log = fs::read(&path).unwrap();
                    let whole = log.len() - (log.len() - HEADER) % RECORD;
                    fs::write(&path, [&log[..whole], &bytes].concat()).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_look_changes_nothing_and_waits_for_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage");
    assert_eq!(Usage::look(&path).unwrap(), [].into());
    assert!(!path.exists());
    let whole = three(&path);
    let all = Usage::open(&path).unwrap().all().unwrap();
    fs::remove_file(directory.path().join("usage.lock")).unwrap();
    for more in 0..RECORD {
        let torn = [&whole[..], &vec![0xa5; more]].concat();
        fs::write(&path, &torn).unwrap();
        assert_eq!(Usage::look(&path).unwrap(), all);
        assert_eq!(fs::read(&path).unwrap(), torn);
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no lock, no draft");
    fs::write(&path, &whole[1..]).unwrap();
    assert!(matches!(Usage::look(&path), Err(StateError::DamagedCount { .. })));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage");
    three(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
