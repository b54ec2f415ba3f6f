//! A fault that happens once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::wire::{Act, Link, Tap};

/// What is done to a record: something to the record itself, or something else at the moment it passes.
#[derive(Clone)]
pub(super) enum Deed {
    /// To the record.
    Record(Act),
    /// Something else, and the record passes.
    Other(Arc<dyn Fn() + Send + Sync>),
}

/// A deed at one record of the first connections made while the trap is set.
#[derive(Default)]
pub(super) struct Trap {
    set: Mutex<Option<Set>>,
    fired: AtomicBool,
}

struct Set {
    link: Link,
    index: usize,
    deed: Deed,
}

impl Trap {
    /// Sets it for the connections made from now on, up to the first one that has `link`.
    pub(super) fn set(&self, link: Link, index: usize, deed: Deed) {
        self.fired.store(false, SeqCst);
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = Some(Set { link, index, deed });
    }

    /// Takes it away, and says whether it fired.
    pub(super) fn clear(&self) -> bool {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.fired.load(SeqCst)
    }

    /// The tap of a new connection whose links are `there` and back.
    pub(super) fn tap(self: &Arc<Self>, there: Link) -> Tap {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = set.take_if(|set| set.link == there || set.link == there.back());
        let trap = self.clone();
        Arc::new(move |link, index, _| match &ours {
            Some(set) if (set.link, set.index) == (link, index) => {
                trap.fired.store(true, SeqCst);
                match &set.deed {
                    Deed::Record(act) => *act,
                    Deed::Other(deed) => {
                        deed();
                        Act::Pass
                    }
                }
            }
            _ => Act::Pass,
        })
    }
}

/// The lengths of all records that passed, by link: the places where faults are possible.
#[derive(Clone, Debug, Default)]
pub(super) struct Census(Arc<Mutex<Lengths>>);

#[derive(Debug, Default)]
struct Lengths {
    /// Only connections of this round count.
    round: usize,
    links: BTreeMap<Link, Vec<usize>>,
}

impl Census {
    fn lengths(&self) -> MutexGuard<'_, Lengths> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tap that only counts.
    pub(super) fn tap(&self) -> Tap {
        let (census, round) = (self.clone(), self.lengths().round);
        Arc::new(move |link, _, record| {
            let mut lengths = census.lengths();
            if lengths.round == round {
                lengths.links.entry(link).or_default().push(record.len());
            }
            Act::Pass
        })
    }

    /// Forgets all connections so far.
    pub(super) fn clear(&self) {
        let mut lengths = self.lengths();
        *lengths = Lengths { round: lengths.round + 1, links: BTreeMap::new() };
    }

    /// Link, index and length of every record so far.
    pub(super) fn places(&self) -> Vec<(Link, usize, usize)> {
        let of = |(link, lengths): (&Link, &Vec<usize>)| -> Vec<_> {
            lengths.iter().enumerate().map(|(index, length)| (*link, index, *length)).collect()
        };
        self.lengths().links.iter().flat_map(of).collect()
    }
}
