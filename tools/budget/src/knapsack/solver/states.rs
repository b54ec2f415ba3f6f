//! Lists of states, and the ways that led to them.

use std::iter::Peekable;

/// Some choices of the classes so far, the base choices elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// Cost less that of the base solution.
    pub(super) cost: i64,
    /// Sum of excesses.
    pub(super) excess: u64,
    /// The last change before the class being added.
    pub(super) node: u32,
    /// Of the class being added: 0 for its base choice, otherwise the alternative's position from 1.
    pub(super) alternative: u32,
}

/// A change from the base solution, and the one before it.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    parent: u32,
    class: u32,
    item: u32,
}

/// All changes; number 0 is none.
#[derive(Clone, Debug)]
pub(super) struct Ways(Vec<Node>);

impl Ways {
    pub(super) fn new() -> Self {
        Self(vec![Node::default()])
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Remembers that `parent` was followed by `item` in `class`.
    pub(super) fn add(&mut self, parent: u32, class: u32, item: u32) -> u32 {
        self.0.push(Node { parent, class, item });
        (self.0.len() - 1) as u32
    }

    /// The changes that led to a node: classes and items.
    pub(super) fn changes(&self, mut node: u32) -> Vec<(u32, u32)> {
        let mut changes = Vec::new();
        while let (true, Some(found)) = (node > 0, self.0.get(node as usize)) {
            changes.push((found.class, found.item));
            node = found.parent;
        }
        changes
    }
}

/// Merges two lists that are sorted by cost, keeping only states that no cheaper state equals in value. A state's value is
/// `excess - l cost`, plus what all have in common.
pub(super) fn merge(
    one: impl Iterator<Item = State>,
    other: impl Iterator<Item = State>,
    multiplier: u64,
    out: &mut Vec<State>,
) {
    out.clear();
    let (mut one, mut other) = (one.peekable(), other.peekable());
    let mut best = i128::MAX;
    while let Some(state) = next(&mut one, &mut other) {
        let value = i128::from(state.excess) - i128::from(multiplier) * i128::from(state.cost);
        if value < best {
            best = value;
            out.push(state);
        }
    }
}

/// The cheaper of the next states; of equally cheap ones the better.
fn next(
    one: &mut Peekable<impl Iterator<Item = State>>,
    other: &mut Peekable<impl Iterator<Item = State>>,
) -> Option<State> {
    let key = |state: &State| (state.cost, state.excess);
    match (one.peek(), other.peek()) {
        (Some(a), Some(b)) if key(b) < key(a) => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    }
}
