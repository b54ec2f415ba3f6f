//! What every bit of a format does to the error of the outputs, measured on a few pictures.
//!
//! The squared error is taken for a sum: what is left in the finest format, what pre-activations of `n` bits and weights
//! of `f` fraction bits add, both in proportion to 4^-n and 4^-f, and what the windows of every layer add, in proportion to
//! r^-w with an `r` that is measured. Each part is found by making one width smaller at a time, by so much that it shows.
//! At a price of a bit every width is then the best on its own, and prices from high to low give the front of bits
//! against errors.

use super::format::{Format, cost};
use super::net::{Id, Net};
use super::subject::Subject;
use super::windows::{NARROWEST, WIDEST, deciding, window_bits};
use super::{CompileError, Progress};

/// Pictures that parts are measured on.
const PROBES: usize = 4;

/// The format all parts are compared with, and how much narrower the widths are at which they are measured.
const FINEST: Format = Format { narrow: 17, fraction: 14, window: WIDEST };
const NARROWER: u8 = 6;
const WINDOW: u8 = 6;

/// Bits that values and weights may have in formats that are searched.
const NARROW: std::ops::RangeInclusive<u8> = 8..=20;
const FRACTION: std::ops::RangeInclusive<u8> = 8..=16;

/// Prices a doubling.
const STEPS: i32 = 4;

/// Parts of the squared error, relative to the spread of the outputs.
#[derive(Clone, Debug)]
pub(super) struct Model {
    rest: f64,
    /// Times 4^-n.
    narrow: f64,
    /// Times 4^-f.
    fraction: f64,
    /// Times `ratio`^-w.
    layers: Vec<(Id, f64)>,
    ratio: f64,
}

/// A format on the front.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) format: Format,
    pub(super) windows: Vec<u8>,
    pub(super) bits: u64,
    /// The error that is expected.
    pub(super) error: f64,
}

impl Model {
    pub(super) fn measure(
        subject: &Subject<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, CompileError> {
        let layers: Vec<(Id, u64)> = deciding(subject.net).collect();
        let of = layers.len() + 4;
        let mut done = 0;
        let mut square = |format: Format, windows: &[u8]| {
            let square = subject.square(format, windows, PROBES)?;
            done += 1;
            progress(Progress::Probed { done, of });
            Ok::<f64, CompileError>(square)
        };
        let all = |width: u8| vec![width; subject.net.nodes.len()];
        let rest = square(FINEST, &all(WIDEST))?;
        // What drowns in the rest is taken for a small part of it.
        let above = |square: f64| (square - rest).max(rest / 1000.0).max(f64::MIN_POSITIVE);
        let [n, f] = [FINEST.narrow, FINEST.fraction].map(|bits| bits - NARROWER);
        let narrow = above(square(Format { narrow: n, ..FINEST }, &all(WIDEST.min(n - 2)))?);
        let fraction = above(square(Format { fraction: f, ..FINEST }, &all(WIDEST))?);
        let together = above(square(FINEST, &all(WINDOW + 2))?);
        let mut added = Vec::new();
        for (id, _) in &layers {
            let mut windows = all(WIDEST);
            windows[*id] = WINDOW;
            added.push((*id, above(square(FINEST, &windows)?)));
        }
        let sum: f64 = added.iter().map(|(_, added)| added).sum();
        let ratio = (sum / together).sqrt().clamp(4.0, 16.0);
        let at_zero = ratio.powi(WINDOW.into());
        Ok(Self {
            rest,
            narrow: narrow * f64::from(2 * n).exp2(),
            fraction: fraction * f64::from(2 * f).exp2(),
            layers: added.into_iter().map(|(id, added)| (id, added * at_zero)).collect(),
            ratio,
        })
    }

    fn of_windows(&self, windows: &[u8]) -> f64 {
        self.layers.iter().map(|(id, error)| error * self.ratio.powi(-i32::from(windows[*id]))).sum()
    }

    /// The error of a format.
    fn error(&self, format: Format, windows: &[u8]) -> f64 {
        let narrow = self.narrow * f64::from(-2 * i16::from(format.narrow)).exp2();
        let fraction = self.fraction * f64::from(-2 * i16::from(format.fraction)).exp2();
        (self.rest + narrow + fraction + self.of_windows(windows)).sqrt()
    }

    /// The formats that are best at some price, cheapest first.
    pub(super) fn front(&self, subject: &Subject<'_>) -> Vec<Candidate> {
        let bits = cost(subject.net, FINEST, &vec![WIDEST; subject.net.nodes.len()]) as f64;
        // From an error as large as the outputs for a bit of each width to one that nobody sees.
        let prices =
            (-12 * STEPS..40 * STEPS).map(|step| (-f64::from(step) / f64::from(STEPS)).exp2() / bits);
        let mut front: Vec<Candidate> = Vec::new();
        for candidate in prices.map(|price| self.best_at(subject, price)) {
            let is_better = |last: &Candidate| candidate.bits > last.bits && candidate.error < last.error;
            if front.last().is_none_or(is_better) {
                front.push(candidate);
            }
        }
        front
    }

    /// The format of least squared error plus `price` times bits.
    fn best_at(&self, subject: &Subject<'_>, price: f64) -> Candidate {
        let net = subject.net;
        let wide = |narrow, fraction| Format { narrow, fraction, window: WIDEST };
        let count = |format| cost(net, format, &vec![NARROWEST; net.nodes.len()]) as f64;
        let base = wide(*NARROW.start(), *FRACTION.start());
        let by_narrow = count(Format { narrow: base.narrow + 1, ..base }) - count(base);
        let by_fraction = count(Format { fraction: base.fraction + 1, ..base }) - count(base);
        let total = |bits: u8, part: f64, each: f64| {
            part * f64::from(-2 * i16::from(bits)).exp2() + price * each * f64::from(bits)
        };
        let formats =
            NARROW.flat_map(|n| FRACTION.map(move |f| wide(n, f))).filter(|format| format.wide() <= 32);
        let value = |format: &Format| {
            total(format.narrow, self.narrow, by_narrow) + total(format.fraction, self.fraction, by_fraction)
        };
        let format = formats.min_by(|a, b| value(a).total_cmp(&value(b))).unwrap_or(base);
        let windows = self.windows_at(subject, price, WIDEST.min(format.narrow - 2));
        let widest = deciding(net).map(|(id, _)| windows[id]).max().unwrap_or(NARROWEST);
        let format = Format { window: widest, ..format };
        let (bits, error) = (cost(net, format, &windows), self.error(format, &windows));
        Candidate { format, windows, bits, error }
    }

    /// The width of every node's windows at a price: each layer's own, or all as the block spec says.
    fn windows_at(&self, subject: &Subject<'_>, price: f64, widest: u8) -> Vec<u8> {
        let decisions: Vec<(Id, u64)> = deciding(subject.net).collect();
        let tables = |windows: &[u8]| -> f64 {
            decisions.iter().map(|(id, count)| *count as f64 * window_bits(windows[*id])).sum()
        };
        if !subject.spec.windows.is_empty() {
            let uniform = |window| subject.uniform(Format { window, ..FINEST });
            let value = |windows: &Vec<u8>| self.of_windows(windows) + price * tables(windows);
            let all = (NARROWEST..=widest).map(uniform);
            return all.min_by(|a, b| value(a).total_cmp(&value(b))).unwrap_or_else(|| uniform(widest));
        }
        let mut windows = vec![widest; subject.net.nodes.len()];
        for ((id, error), (_, count)) in self.layers.iter().zip(&decisions) {
            let value = |width: &u8| {
                error * self.ratio.powi(-i32::from(*width)) + price * *count as f64 * window_bits(*width)
            };
            let best = (NARROWEST..=widest).min_by(|a, b| value(a).total_cmp(&value(b)));
            windows[*id] = best.unwrap_or(widest);
        }
        windows
    }
}

/// Whether windows differ between the layers that decide.
pub(super) fn differ(net: &Net, windows: &[u8]) -> bool {
    let mut widths = deciding(net).map(|(id, _)| windows[id]);
    let first = widths.next();
    widths.any(|width| Some(width) != first)
}
