//! Dynamic programming over the core.

use super::core::{Core, CoreClass};
use super::limits::{Effort, Limits};
use super::states::{State, Ways, merge};

/// What a search found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Changes from the base solution, if the result is better than the greedy solution.
    pub(super) changes: Option<Vec<(u32, u32)>>,
    /// The best value is at least the bound and this.
    pub(super) floor: u64,
    /// Whether nothing better exists.
    pub(super) optimal: bool,
    pub(super) effort: Effort,
}

/// What the classes that are not yet added can do at best.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    /// The least excess of any alternative.
    least: u64,
    /// The least excess for a unit of slack to vanish: by dearer alternatives, or at the multiplier's price.
    dearer: u64,
    /// The least excess for a unit of cost to be saved.
    cheaper: u64,
}

struct Search<'a> {
    core: &'a Core,
    limits: Limits,
    /// Value of the best solution less the bound.
    gap: u64,
    best: Option<u32>,
    /// The least bound of the states that were given up for lack of memory.
    floor: u64,
    ways: Ways,
    effort: Effort,
}

/// Looks for a better solution than the greedy one until there is none, or a limit is met.
pub(super) fn search(core: &Core, limits: Limits) -> Found {
    let mut search = Search {
        core,
        limits,
        gap: core.gap,
        best: None,
        floor: core.floor,
        ways: Ways::new(),
        effort: Effort::default(),
    };
    search.run();
    Found {
        changes: search.best.map(|node| search.ways.changes(node)),
        floor: search.floor.min(search.gap),
        optimal: search.floor >= search.gap,
        effort: search.effort,
    }
}

impl Search<'_> {
    fn run(&mut self) {
        let mut classes = self.core.classes.clone();
        let (mut states, mut spare) = (vec![State::default()], Vec::new());
        self.offer(&State::default(), 0, 0);
        let (mut ahead, mut at, mut seen) = (Vec::new(), 0, u64::MAX);
        loop {
            // What the bound excludes by now is dropped when that is much.
            if self.gap <= seen / 2 {
                classes.drain(..at);
                (at, seen) = (0, self.gap);
                retain(&mut classes, self.gap);
                ahead = suffixes(&classes, self.core.multiplier);
            }
            let (Some(class), Some(rest)) = (classes.get(at), ahead.get(at + 1)) else { break };
            if class.alternatives[0].excess >= self.gap || states.is_empty() {
                break;
            }
            if self.exhausted() {
                self.give_up(&states, &ahead[at]);
                break;
            }
            self.add(class, rest, &mut states, &mut spare);
            self.effort.core += 1;
            at += 1;
        }
    }

    const fn exhausted(&self) -> bool {
        self.ways.len() > self.limits.nodes || self.effort.visits > self.limits.visits
    }

    fn give_up(&mut self, states: &[State], ahead: &Ahead) {
        let bounds = states.iter().map(|state| self.bound(state, ahead));
        self.floor = bounds.fold(self.floor, u64::min);
    }

    /// Every state with every choice of `class`, less those that cannot become better than the best solution.
    fn add(&mut self, class: &CoreClass, rest: &Ahead, states: &mut Vec<State>, spare: &mut Vec<State>) {
        let from = states.clone();
        let (gap, multiplier) = (self.gap, self.core.multiplier);
        states.retain(|state| self.bound(state, rest) < gap);
        for (position, alternative) in class.alternatives.iter().enumerate() {
            if alternative.excess >= self.gap {
                break;
            }
            self.effort.visits += (from.len() + states.len()) as u64;
            let added = from.iter().filter_map(|state| {
                let state = State {
                    cost: state.cost + alternative.cost,
                    excess: state.excess.saturating_add(alternative.excess),
                    node: state.node,
                    alternative: position as u32 + 1,
                };
                self.offer(&state, class.class, alternative.item);
                (self.bound(&state, rest) < self.gap).then_some(state)
            });
            merge(states.iter().copied(), added, multiplier, spare);
            std::mem::swap(states, spare);
        }
        self.effort.peak = self.effort.peak.max(states.len());
        self.thin(states, rest);
        self.remember(class, states);
    }

    /// Takes a complete solution (base choices in all classes that are left) if it is better than the best.
    fn offer(&mut self, state: &State, class: u32, item: u32) {
        let slack = self.core.slack - state.cost;
        if slack < 0 {
            return;
        }
        let value = (slack as u64).saturating_mul(self.core.multiplier).saturating_add(state.excess);
        if value < self.gap {
            self.gap = value;
            let changed = state.alternative > 0;
            self.best = Some(if changed { self.ways.add(state.node, class, item) } else { state.node });
        }
    }

    /// What a solution that continues a state, and changes at least one class that is left, has at least above `L`.
    fn bound(&self, state: &State, ahead: &Ahead) -> u64 {
        let slack = self.core.slack - state.cost;
        let rate = if slack < 0 { ahead.cheaper } else { ahead.dearer };
        state.excess.saturating_add(slack.unsigned_abs().saturating_mul(rate).max(ahead.least))
    }

    /// Gives up the states with the highest bounds if there are too many.
    fn thin(&mut self, states: &mut Vec<State>, rest: &Ahead) {
        let keep = self.limits.states;
        if states.len() <= keep {
            return;
        }
        states.select_nth_unstable_by_key(keep, |state| self.bound(state, rest));
        let dropped = states.split_off(keep);
        self.give_up(&dropped, rest);
        states.sort_unstable_by_key(|state| state.cost);
    }

    fn remember(&mut self, class: &CoreClass, states: &mut [State]) {
        for state in states.iter_mut().filter(|state| state.alternative > 0) {
            let item = class.alternatives[state.alternative as usize - 1].item;
            state.node = self.ways.add(state.node, class.class, item);
            state.alternative = 0;
        }
    }
}

/// Drops alternatives whose excess is the gap or more, and classes without any; classes are in the order of their least.
fn retain(classes: &mut Vec<CoreClass>, gap: u64) {
    classes.truncate(classes.partition_point(|class| class.alternatives[0].excess < gap));
    for class in classes {
        class.alternatives.truncate(class.alternatives.partition_point(|choice| choice.excess < gap));
    }
}

/// For every position what the classes from there on can do; one more than there are classes.
fn suffixes(classes: &[CoreClass], multiplier: u64) -> Vec<Ahead> {
    let mut ahead = Ahead { least: u64::MAX, dearer: multiplier, cheaper: u64::MAX };
    let mut all = vec![ahead];
    for class in classes.iter().rev() {
        for choice in &class.alternatives {
            let rate = choice.excess / choice.cost.unsigned_abs().max(1);
            let side = if choice.cost > 0 { &mut ahead.dearer } else { &mut ahead.cheaper };
            *side = rate.min(*side);
            ahead.least = ahead.least.min(choice.excess);
        }
        all.push(ahead);
    }
    all.reverse();
    all
}
