use brelu_core::protocol::block_relu::Format;
use brelu_core::protocol::reveal;
use brelu_core::word::Word;

use super::{lanes, title, unknowns};
use crate::claim::Claim;
use crate::lanes::{Mask, Masks, Name, Seen, View};
use crate::steps::{Dealing, Steps, Windows};
use crate::symbol::{Integer, Statement, Symbol};

/// The largest block sum for which the decision may be wrong, and the first one that is out of range.
fn bounds(format: Format) -> (i64, i64) {
    let ignored = (1i64 << format.lo) / 2;
    (ignored, (1 << (format.lo + format.w - 1)) - ignored)
}

/// `sum` is where decisions are exact: 2^(lo-1) < |s| < 2^(lo+w-1) - 2^(lo-1). With lo = 0 that is everything in range,
/// zero included.
fn decided(format: Format, sum: Integer) -> Statement {
    let (ignored, reach) = bounds(format);
    let inside = sum.within(1 - reach, reach - 1);
    if format.lo == 0 { inside } else { inside & !sum.within(-ignored, ignored) }
}

fn is_positive(sum: Integer) -> Statement {
    !sum.below(0.into())
}

/// `deal_tables`, `open_windows` and both picks: `m_b ^ lam = [s >= 0]` for a block sum split into any two words.
pub fn decision(steps: &Steps) -> Claim {
    let format = steps.format;
    let masks: Masks<Symbol> = lanes(Mask::ALL, format, 1);
    let sums = unknowns("A", 32, 1);
    let with = dealing(format, unknowns("Lam", 32, 1), 1);
    let mut view = View::default();
    steps.deal(&with, &masks, &mut view);
    let sent = steps.open(&unknowns("a", format.n, 1), &sums, &with, &view);
    steps.answer(&sent, &masks, &mut view);
    let decision = steps.decision(&sent, &view[Seen::TableBit])[0] ^ masks[Mask::Lam][0];
    let sum = reveal::sum(sums[0], with.cd_sums[0], format.n).signed(32);
    Claim::new(title("decision", format), decision.is_set().equals(is_positive(sum)))
        .given(decided(format, sum))
}

/// `deal_lam`, `deal_pixels`, `open_pixels` and both halves of `select`: `y` is the decision times `z'`, exactly, whatever
/// the decision is, for |z'| < 2^(n-2).
pub fn selection(steps: &Steps) -> Claim {
    let format = steps.format;
    let masks: Masks<Symbol> = lanes(Mask::ALL, format, 1);
    let with = dealing(format, unknowns("Lam", 32, 1), 1);
    let a = unknowns("a", format.n, 1);
    let mut view = View::default();
    steps.deal(&with, &masks, &mut view);
    let masked = steps.open(&a, &[Symbol::from(0)], &with, &view).masked;
    let decision = Symbol::unknown("decision", 1);
    // A window whose top bit is clear, and a table bit that makes the decision what it should be.
    let window = unknowns("window", format.w - 1, 1);
    let own = steps.entries(&masks[Mask::Table], &window, 0)[0];
    let sent = Windows { window, bit: vec![decision ^ masks[Mask::Lam][0] ^ own], masked };
    steps.answer(&sent, &masks, &mut view);
    let (got, z) = outcome(steps, &a, &sent, &with, &view, &masks, 0);
    let wanted = Integer::choose(decision.is_set(), z, 0.into());
    Claim::new(title("selection", format), got.equals(wanted))
        .given(in_range(format, z))
        .sharing(format.k)
}

/// All steps of a block of `pixels` pixels together, `y = [s >= 0] z'` for every pixel of it.
pub fn block(steps: &Steps, pixels: usize) -> Claim {
    let format = steps.format;
    let masks: Masks<Symbol> = lanes(Mask::ALL, format, pixels);
    let a = unknowns("a", format.n, pixels);
    let with = dealing(format, vec![total(&masks[Mask::PreActivation])], pixels);
    let mut view = View::default();
    steps.deal(&with, &masks, &mut view);
    let sent = steps.open(&a, &[total(&a)], &with, &view);
    steps.answer(&sent, &masks, &mut view);
    let results: Vec<_> =
        (0..pixels).map(|pixel| outcome(steps, &a, &sent, &with, &view, &masks, pixel)).collect();
    let sum = results.iter().fold(Integer::from(0), |sum, (_, z)| sum + *z);
    let exact = results.iter().map(|(got, z)| got.equals(Integer::choose(is_positive(sum), *z, 0.into())));
    let claim = Claim::new(title("block", format), Statement::all(exact)).given(decided(format, sum));
    claim.given(Statement::all(results.iter().map(|(_, z)| in_range(format, *z)))).sharing(format.k)
}

fn dealing(format: Format, cd_sums: Vec<Symbol>, pixels: usize) -> Dealing<Symbol> {
    Dealing { cd_sums, s_sd: unknowns("s_sd", format.w, 1), z_sd: unknowns("z_sd", format.n, pixels) }
}

fn total(words: &[Symbol]) -> Symbol {
    words.iter().fold(Symbol::from(0), |sum, word| sum.wrapping_add(*word))
}

fn in_range(format: Format, z: Integer) -> Statement {
    let reach = (1i64 << (format.n - 2)) - 1;
    z.within(-reach, reach)
}

/// `y` and `z'` of a pixel.
fn outcome(
    steps: &Steps,
    a: &[Symbol],
    sent: &Windows<Symbol>,
    with: &Dealing<Symbol>,
    view: &View<Symbol>,
    masks: &Masks<Symbol>,
    pixel: usize,
) -> (Integer, Integer) {
    let Format { n, k, .. } = steps.format;
    let y = reveal::sum(steps.close(sent, with, view)[pixel], masks[Mask::Activation][pixel], k);
    let z = reveal::sum(a[pixel], masks[Mask::PreActivation][pixel], n);
    (y.signed(32), z.signed(32))
}
