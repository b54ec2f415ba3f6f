//! All masks of a small ring, one after the other: how often a server that deviates sees what.

mod label;
mod scenarios;
mod strategy;

pub use label::{SCORES, client_views};
pub use scenarios::{Extensions, Label, LinearRelu, ReluLinear};
pub use strategy::{Knowledge, Strategy};

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;

use crate::fault::Fault;
use crate::lanes::{Mask, Masks, Name};
use crate::steps::Steps;

/// The smallest rings with everything in them: a carry, a top bit, a table of two entries, one dropped bit.
pub const SMALL: Widths = Widths { k: 3, n: 2, w: 2, lo: 0 };

/// Cases that are computed at once.
const CHUNK: u32 = 1 << 12;

/// The format and the masks of a layer.
pub type Drawn = (Widths, &'static [Mask]);

/// An inference of a few layers, as one server sees it.
pub trait Scenario: Sync {
    /// What is drawn, a list a layer.
    fn layers(&self) -> &[Drawn];

    /// Number of inputs; all are tried.
    fn inputs(&self) -> u32;

    /// What the server has seen in the end, for input `x` and the masks in `layers`.
    fn run(&self, run: &mut Run<'_>, x: u32, layers: &[Masks<u32>]);

    /// Bits of all masks together.
    fn bits(&self) -> u32 {
        self.layers().iter().flat_map(|(format, masks)| masks.iter().map(|mask| mask.bits(*format))).sum()
    }
}

/// A server at work: the steps, what it does, and what it has seen.
#[derive(Debug)]
pub struct Run<'a> {
    /// The steps of the other two.
    pub steps: Steps,
    /// What it sends.
    pub strategy: &'a Strategy,
    seen: Vec<u32>,
    bits: u32,
    rounds: u32,
}

impl Run<'_> {
    /// Takes note of an element of `bits` bits a case.
    pub fn sees(&mut self, lane: &[u32], bits: u8) {
        let (at, low) = (self.bits, ring::mask(bits));
        self.seen.iter_mut().zip(lane).for_each(|(seen, word)| *seen |= (word & low) << at);
        self.bits += u32::from(bits);
    }

    /// Messages of `bits` bits, which depend on everything seen so far.
    pub fn sends(&mut self, bits: u8) -> Vec<u32> {
        self.rounds += 1;
        let message = |seen: &u32| self.strategy.message(self.rounds, *seen) & ((1 << bits) - 1);
        self.seen.iter().map(message).collect()
    }

    /// Cases.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

/// A view that occurs more or less often than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unequal {
    /// Number of the strategy.
    pub strategy: u64,
    /// The input.
    pub input: u32,
    /// The view.
    pub view: u32,
    /// How often it occurs.
    pub count: u8,
}

impl fmt::Display for Unequal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { strategy, input, view, count } = self;
        write!(
            f,
            "strategy {strategy}, input {input}: view {view:#b} occurs {count} times, others more or less often"
        )
    }
}

/// Counts the views of every input and some strategies, each over all masks. There are as many views as
/// masks, so "as often as every other" is once.
///
/// # Errors
/// A view that occurs less or more often.
///
/// # Panics
/// If the scenario's views have not as many bits as its masks.
pub fn check(scenario: &dyn Scenario, fault: Option<Fault>, strategies: Range<u64>) -> Result<(), Unequal> {
    let (next, found) = (Mutex::new(strategies), Mutex::new(None));
    let work = || {
        while let Some(number) = next.lock().ok().and_then(|mut next| next.next()) {
            let strategy = Strategy::new(number);
            let unequal = (0..scenario.inputs()).find_map(|x| count(scenario, fault, &strategy, x).err());
            if let (Some(unequal), Ok(mut found), Ok(mut next)) = (unequal, found.lock(), next.lock()) {
                *found = Some(unequal);
                *next = 0..0;
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| {
            scope.spawn(work);
        });
    });
    found.into_inner().ok().flatten().map_or(Ok(()), Err)
}

fn count(scenario: &dyn Scenario, fault: Option<Fault>, strategy: &Strategy, x: u32) -> Result<(), Unequal> {
    let (bits, steps) = (scenario.bits(), Steps { format: SMALL, fault });
    let mut counts = vec![0u8; 1 << bits];
    for first in (0..1u32 << bits).step_by(CHUNK as usize) {
        let cases = CHUNK.min(1 << bits);
        let layers = draw(scenario, fault, first..first + cases);
        let seen = vec![0; cases as usize];
        let mut run = Run { steps, strategy, seen, bits: 0, rounds: 0 };
        scenario.run(&mut run, x, &layers);
        assert_eq!(run.bits, bits, "a view has as many bits as the masks");
        run.seen.iter().for_each(|view| counts[*view as usize] = counts[*view as usize].saturating_add(1));
    }
    let unequal = counts.iter().enumerate().find(|(_, count)| **count != 1);
    unequal.map_or(Ok(()), |(view, count)| {
        Err(Unequal { strategy: strategy.number, input: x, view: view as u32, count: *count })
    })
}

/// The masks of the cases `numbers`: their bits, one mask after the other.
fn draw(scenario: &dyn Scenario, fault: Option<Fault>, numbers: Range<u32>) -> Vec<Masks<u32>> {
    let mut at = 0;
    let layers = scenario.layers().iter().map(|(format, names)| {
        let mut masks = Masks::default();
        for name in *names {
            let bits = name.bits(*format);
            masks[*name] = numbers.clone().map(|number| (number >> at) & ((1 << bits) - 1)).collect();
            at += bits;
        }
        masks.planted(fault, *format)
    });
    layers.collect()
}
