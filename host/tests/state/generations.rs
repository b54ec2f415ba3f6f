//! Generations only rise, and an old one is told from a later one.

use brelu_host::state::{GENERATION_LEAD, Generations, StateError};

use crate::support::peer;

#[test]
fn generations_rise_one_by_one_or_by_leaps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("generations");
    for generations in [Generations::memory(), Generations::open(&path).unwrap()] {
        for generation in 1..=5 {
            generations.raise(&peer(1), generation).unwrap();
        }
        for old in [0, 1, 4, 5] {
            let refused = generations.raise(&peer(1), old);
            assert!(matches!(refused, Err(StateError::Older { last: 5, .. })), "{old}: {refused:?}");
        }
        generations.raise(&peer(1), 5 + GENERATION_LEAD).unwrap();
        // A lie costs as many generations, and not the last ones.
        let refused = generations.raise(&peer(1), u64::MAX);
        assert!(matches!(refused, Err(StateError::Leap { .. })), "{refused:?}");
        assert_eq!(generations.last(&peer(1)).unwrap(), 5 + 2 * GENERATION_LEAD);
        // Whoever has lost its records meets those who have not.
        let refused = (0..9).take_while(|_| generations.raise(&peer(2), 3 * GENERATION_LEAD).is_err());
        assert_eq!((refused.count(), generations.last(&peer(2)).unwrap()), (2, 3 * GENERATION_LEAD));
    }
    let again = Generations::open(&path).unwrap();
    assert_eq!(again.last(&peer(1)).unwrap(), 5 + 2 * GENERATION_LEAD);
}

#[test]
fn of_several_processes_one_has_a_generation() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("generations");
    let [one, two] = [Generations::open(&path).unwrap(), Generations::open(&path).unwrap()];
    for generation in 1..=700 {
        let (first, second) = if generation % 2 == 0 { (&one, &two) } else { (&two, &one) };
        first.raise(&peer(1), generation).unwrap();
        assert!(matches!(second.raise(&peer(1), generation), Err(StateError::Older { .. })));
    }
    assert!(std::fs::metadata(&path).unwrap().len() < 30 + 44 * 260);
}

#[test]
fn logs_of_other_kinds_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    drop(brelu_host::state::Epochs::open(&path).unwrap());
    let refused = Generations::open(&path).unwrap_err();
    assert!(matches!(refused, StateError::DamagedLog { .. }), "{refused}");
}
