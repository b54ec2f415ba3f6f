//! A fault that happens once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brelu_world::{Act, Route, Tap};
use tokio::sync::watch;
use tokio::time::timeout;

use super::TrialError;

/// A client is done when its good-bye is on its way: so long its way may be.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// What is done to a record: something to the record itself, or something else at the moment it passes.
pub(super) enum Deed {
    /// To the record.
    Record(Act),
    /// Something else, and the record passes.
    Other(Box<dyn Fn() + Send + Sync>),
}

/// A deed at one record of the first connections made while the trap is set.
#[derive(Default)]
pub(super) struct Trap {
    set: Mutex<Option<Set>>,
    fired: watch::Sender<bool>,
}

struct Set {
    link: Route,
    index: usize,
    deed: Deed,
}

impl fmt::Debug for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trap").field("fired", &*self.fired.borrow()).finish_non_exhaustive()
    }
}

impl Trap {
    /// Sets it for the connections made from now on, up to the first one that has `link`.
    pub(super) fn set(&self, link: Route, index: usize, deed: Deed) {
        self.fired.send_replace(false);
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = Some(Set { link, index, deed });
    }

    /// Takes it away, after records that are on their way, and says whether it fired.
    pub(super) async fn clear(&self) -> bool {
        let mut fired = self.fired.subscribe();
        let fired = matches!(timeout(ON_ITS_WAY, fired.wait_for(|fired| *fired)).await, Ok(Ok(_)));
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = None;
        fired
    }

    /// The tap of a new connection whose links are `there` and back.
    pub(super) fn tap(self: &Arc<Self>, there: Route) -> Tap {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = set.take_if(|set| set.link == there || set.link == there.back());
        let trap = self.clone();
        Arc::new(move |link, index, _| match &ours {
            Some(set) if (set.link, set.index) == (link, index) => {
                let act = match &set.deed {
                    Deed::Record(act) => *act,
                    Deed::Other(deed) => {
                        deed();
                        Act::Pass
                    }
                };
                trap.fired.send_replace(true);
                act.into()
            }
            _ => Act::Pass.into(),
        })
    }
}

/// The lengths of all records that passed, by link: the places where faults are possible.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    lengths: Arc<Mutex<Lengths>>,
    open: watch::Sender<usize>,
}

/// A connection that is counted among the open ones.
#[derive(Debug)]
struct Open(watch::Sender<usize>);

impl Open {
    fn new(open: &watch::Sender<usize>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

#[derive(Debug, Default)]
struct Lengths {
    /// Only connections of this round count.
    round: usize,
    links: BTreeMap<Route, Vec<usize>>,
}

impl Census {
    fn lengths(&self) -> MutexGuard<'_, Lengths> {
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tap that only counts.
    pub(super) fn tap(&self) -> Tap {
        let (census, round, open) = (self.clone(), self.lengths().round, Open::new(&self.open));
        Arc::new(move |link, _, record| {
            let (_, mut lengths) = (&open, census.lengths());
            if lengths.round == round {
                lengths.links.entry(link).or_default().push(record.len());
            }
            Act::Pass.into()
        })
    }

    /// Forgets all connections so far.
    pub(super) fn clear(&self) {
        let mut lengths = self.lengths();
        *lengths = Lengths { round: lengths.round + 1, links: BTreeMap::new() };
    }

    /// Route, index and length of every record, after those that are on their way.
    ///
    /// # Errors
    /// If a connection stays open.
    pub(super) async fn places(&self) -> Result<Vec<(Route, usize, usize)>, TrialError> {
        let mut open = self.open.subscribe();
        let ended = timeout(ON_ITS_WAY, open.wait_for(|open| *open == 0)).await;
        let Ok(Ok(_)) = ended else {
            return Err(TrialError::Undisturbed("a connection stays open".to_owned()));
        };
        let of = |(link, lengths): (&Route, &Vec<usize>)| -> Vec<_> {
            lengths.iter().enumerate().map(|(index, length)| (*link, index, *length)).collect()
        };
        Ok(self.lengths().links.iter().flat_map(of).collect())
    }
}
