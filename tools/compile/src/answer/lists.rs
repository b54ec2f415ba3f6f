//! Which numbers meet: sorted lists, merged until one is left.
//!
//! Lists of equal length are kept together, a tensor a rank with a channel a list, so that a comparator takes all of them at
//! once. A list that finds no partner waits beside them. Nothing is padded: comparators with a place that has no value are
//! left out.

use super::network::{merging, sorting};
use super::nodes::{Game, Id, Writer};

/// Sorted lists of the same length, the largest value first.
struct Lists {
    /// A tensor a rank, a channel a list.
    ranks: Vec<Id>,
    groups: u32,
}

impl Lists {
    /// Lists `first .. first + groups`.
    fn part(&self, writer: &mut Writer, first: u32, groups: u32) -> Self {
        match groups == self.groups {
            true => Self { ranks: self.ranks.clone(), groups },
            false => Self {
                ranks: self.ranks.iter().map(|rank| writer.view(*rank, first, groups)).collect(),
                groups,
            },
        }
    }
}

/// The `count` largest channels of `numbers`, which has `channels`, in order.
pub(super) fn largest(writer: &mut Writer, numbers: Id, channels: u32, count: u32) -> Vec<Id> {
    let (groups, rest) = (channels / count, channels % count);
    let mut main = Lists { ranks: Vec::new(), groups };
    main.ranks.extend((0..count).map(|rank| writer.view(numbers, rank * groups, groups)));
    let mut waiting = Lists { ranks: Vec::new(), groups: 1 };
    waiting.ranks.extend((0..rest).map(|rank| writer.view(numbers, count * groups + rank, 1)));
    sort(writer, &mut [&mut main, &mut waiting]);
    let mut waiting = (rest > 0).then_some(waiting);
    while main.groups > 1 || waiting.is_some() {
        (main, waiting) = round(writer, &main, waiting);
    }
    main.ranks
}

/// Sorts the ranks of all lists, which may differ in length.
fn sort(writer: &mut Writer, all: &mut [&mut Lists]) {
    let longest = all.iter().map(|lists| lists.ranks.len()).max().unwrap_or(0);
    for level in sorting(longest) {
        let places = all.iter().enumerate().flat_map(|(at, lists)| {
            let len = lists.ranks.len();
            level.iter().filter(move |(_, lower)| *lower < len).map(move |pair| (at, *pair))
        });
        let places: Vec<_> = places.collect();
        let game = |(at, (upper, lower)): &(usize, (usize, usize))| {
            let Lists { ranks, groups } = &all[*at];
            Game { p: ranks[*upper], q: ranks[*lower], channels: *groups, both: true }
        };
        let games: Vec<Game> = places.iter().map(game).collect();
        for ((at, (upper, lower)), [larger, smaller]) in places.iter().zip(writer.play(&games)) {
            (all[*at].ranks[*upper], all[*at].ranks[*lower]) = (larger, smaller);
        }
    }
}

/// Merges pairs of lists; one of an odd number waits, or meets the one that waits.
fn round(writer: &mut Writer, main: &Lists, waiting: Option<Lists>) -> (Lists, Option<Lists>) {
    let half = main.groups / 2;
    let odd = (main.groups % 2 == 1).then(|| main.part(writer, 2 * half, 1));
    let mut pairs = Vec::new();
    if half > 0 {
        pairs.push((main.part(writer, 0, half), main.part(writer, half, half)));
    }
    let (late, waiting) = match (odd, waiting) {
        (Some(odd), Some(waiting)) => (Some((odd, waiting)), None),
        (odd, waiting) => (None, odd.or(waiting)),
    };
    pairs.extend(late);
    let mut merged = merge(writer, &pairs).into_iter();
    let first = merged.next();
    match first {
        Some(main) => (main, merged.next().or(waiting)),
        None => (main.part(writer, 0, main.groups), waiting),
    }
}

/// The largest values of each pair, as many as its first has, in order. The second may be shorter.
fn merge(writer: &mut Writer, pairs: &[(Lists, Lists)]) -> Vec<Lists> {
    let mut all: Vec<Places> = meet(writer, pairs);
    for level in merging(all.first().map_or(1, |places| places.ids.len())) {
        let mut games = Vec::new();
        let mut results = Vec::new();
        for (at, places) in all.iter_mut().enumerate() {
            for (upper, lower) in &level {
                match (places.ids[*upper], places.ids[*lower]) {
                    (Some(p), Some(q)) => {
                        games.push(Game { p, q, channels: places.groups, both: true });
                        results.push((at, *upper, *lower));
                    }
                    (Some(_), None) => places.ids.swap(*upper, *lower),
                    (None, _) => {}
                }
            }
        }
        for ((at, upper, lower), [larger, smaller]) in results.into_iter().zip(writer.play(&games)) {
            (all[at].ids[upper], all[at].ids[lower]) = (Some(larger), Some(smaller));
        }
    }
    let lists =
        |places: Places| Lists { ranks: places.ids.into_iter().flatten().collect(), groups: places.groups };
    all.into_iter().map(lists).collect()
}

/// Places of a bitonic merge; an empty one has a value above all others.
struct Places {
    ids: Vec<Option<Id>>,
    groups: u32,
}

/// The larger of every value of the first list and its opposite of the second, which are the largest of both; they fall and
/// then rise.
fn meet(writer: &mut Writer, pairs: &[(Lists, Lists)]) -> Vec<Places> {
    let opposite = |(a, b): &(Lists, Lists), at: usize| b.ranks.get(a.ranks.len() - 1 - at).copied();
    let games = pairs.iter().flat_map(|pair| {
        let (a, groups) = (&pair.0.ranks, pair.0.groups);
        let game = move |(at, p): (usize, &Id)| {
            Some(Game { p: *p, q: opposite(pair, at)?, channels: groups, both: false })
        };
        a.iter().enumerate().filter_map(game)
    });
    let games: Vec<Game> = games.collect();
    let mut larger = writer.play(&games).into_iter().map(|[larger, _]| larger);
    let places = |pair: &(Lists, Lists)| {
        let (a, groups) = (&pair.0.ranks, pair.0.groups);
        let mut ids: Vec<Option<Id>> = a
            .iter()
            .enumerate()
            .map(|(at, p)| if opposite(pair, at).is_some() { larger.next() } else { Some(*p) })
            .collect();
        ids.resize(a.len().next_power_of_two(), None);
        Places { ids, groups }
    };
    pairs.iter().map(places).collect()
}
