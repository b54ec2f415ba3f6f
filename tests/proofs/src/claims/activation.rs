//! Decisions, and their products with pixels.

use brelu_core::protocol::block_relu::Widths;
use brelu_core::protocol::reveal;
use brelu_core::ring;
use brelu_core::word::Word;

use super::{lanes, title, unknowns};
use crate::claim::Claim;
use crate::lanes::{Mask, Masks, Name, Seen, View};
use crate::parts::Parts;
use crate::steps::{Dealing, Steps, Windows};
use crate::symbol::{Integer, Statement, Symbol};

/// The largest block sum for which the decision may be wrong, and the first one that is out of range.
fn bounds(format: Widths) -> (i64, i64) {
    let ignored = (1i64 << format.lo) / 2;
    (ignored, (1 << (format.lo + format.w - 1)) - ignored)
}

/// `sum` is where decisions are exact: 2^(lo-1) < |s| < 2^(lo+w-1) - 2^(lo-1). With lo = 0 that is everything in range,
/// zero included.
fn decided(format: Widths, sum: Integer) -> Statement {
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

/// Both halves of `select`, and `deal_lam`, `deal_pixels` and `open_pixels` before: `y` is the decision times `z'`, exactly,
/// whatever the decision is, for |z'| < 2^(n-2); within one ring (K = n), for every `z'`.
///
/// Here the client's shares and `y_cd` are zero; [`effect`] and [`activation_mask`] say that they may be anything.
pub fn selection(steps: &Steps) -> Claim {
    let format = steps.format;
    let (masks, case) = (shares_of_zero(format, 1), Case::new(format));
    let (y, z) = (case.result(steps, &masks), case.value(format, &masks));
    let wanted = Integer::choose(case.decision.is_set(), z, 0.into());
    let claim = Claim::new(title("selection", format), y.signed(format.k).equals(wanted)).sharing(format.k);
    if format.extra() == 0 { claim } else { claim.given(in_range(format, z)) }
}

/// The kinds of additive shares of a block.
pub const SHARES: [Mask; 5] = [Mask::LamShare, Mask::LamMask, Mask::Carry, Mask::Top, Mask::LamTop];

/// `deal_lam` and `deal_pixels`: the shares of one kind add up to what they would be of, with the client's share zero.
pub fn dealing_out(steps: &Steps, share: Mask) -> Claim {
    let format = steps.format;
    let (masks, with) = (lanes(Mask::ALL, format, 1), dealing(format, unknowns("Lam", 32, 1), 1));
    let mut without = masks.clone();
    without[share][0] = Symbol::from(0);
    let mut views = [View::default(), View::default()];
    steps.deal(&with, &masks, &mut views[0]);
    steps.deal(&with, &without, &mut views[1]);
    let low = Symbol::from(ring::mask(share.bits(format) as u8));
    let other = |view: &View<Symbol>| partner(share).map_or(Symbol::from(0), |seen| view[seen][0]);
    let sum = masks[share][0].wrapping_add(other(&views[0])) & low;
    Claim::new(title(&format!("dealing out {share:?}"), format), sum.equals(other(&views[1])))
}

/// What the server gets for a share of the client.
fn partner(share: Mask) -> Option<Seen> {
    Some(match share {
        Mask::LamShare => Seen::LamShare,
        Mask::LamMask => Seen::LamMask,
        Mask::Carry => Seen::Carry,
        Mask::Top => Seen::Top,
        Mask::LamTop => Seen::LamTop,
        _ => return None,
    })
}

/// `select`: a share of one kind adds itself, times something public that is the same for both parties, to the party's half of
/// `y` modulo 2^k:
///
/// ```text
/// lam (1 - 2 m_b) M    lam B (1 - 2 m_b)    carry -m_b 2^n    top -m_b (1 - mu) 2^n    lam top (2 m_b - 1) (1 - mu) 2^n
/// ```
///
/// So the sum of both halves depends on the sums of shares only, those of bits above n modulo 2^(k-n): with
/// [`dealing_out`], the client's shares may be anything if [`selection`] holds where they are zero.
pub fn effect<const SERVER: bool>(steps: &Steps, share: Mask, decision: bool) -> Claim {
    let Widths { n, k, .. } = steps.format;
    let shares: Masks<Symbol> = lanes(Mask::ALL, steps.format, 1);
    let (masked, decided) = (unknowns("m", n, 1), [Symbol::from(u32::from(decision))]);
    let half = |shares: &Masks<Symbol>| {
        let (parts, base) = (Parts::of_client(shares), shares[Mask::PreActivation].clone());
        steps.select::<SERVER, _>(&masked, &decided, &shares[Mask::LamShare], parts, base)[0]
    };
    let mut without = shares.clone();
    without[share][0] = Symbol::from(0);

    let mt = masked[0].wrapping_add(Symbol::from(1 << (n - 2))) & Symbol::from(ring::mask(n));
    let mu = mt >> u32::from(n - 1);
    let public = mt.wrapping_sub(mu.times_power(n.into())).wrapping_sub(Symbol::from(1 << (n - 2)));
    let own = shares[share][0];
    let in_low_half = Symbol::choose(mu.is_set(), Symbol::from(0), own);
    let amount = match share {
        Mask::LamShare => own.wrapping_mul(public),
        Mask::LamMask => own,
        Mask::Carry => own.times_power(n.into()),
        _ => in_low_half.times_power(n.into()),
    };
    let times = match (share, decision) {
        (Mask::LamShare | Mask::LamMask, false) | (Mask::LamTop, true) => 1,
        (Mask::Carry | Mask::Top, false) => 0,
        _ => u32::MAX,
    };
    let change = amount.wrapping_mul(Symbol::from(times));
    let low = Symbol::from(ring::mask(k));
    let party = if SERVER { "server" } else { "client" };
    let name =
        title(&format!("effect of {share:?} at the {party}, m_b = {}", u8::from(decision)), steps.format);
    let conclusion = half(&shares).equals(half(&without).wrapping_add(change) & low);
    Claim::new(name, conclusion).sharing(k)
}

/// What `y_cd` is makes no difference to the sum of the components of `y`.
pub fn activation_mask(steps: &Steps) -> Claim {
    let format = steps.format;
    let (masks, case) = (lanes(Mask::ALL, format, 1), Case::new(format));
    let mut without = masks.clone();
    without[Mask::Activation][0] = Symbol::from(0);
    let (one, other) = (case.result(steps, &masks), case.result(steps, &without));
    Claim::new(title("mask of an activation", format), one.equals(other)).sharing(format.k)
}

fn shares_of_zero(format: Widths, pixels: usize) -> Masks<Symbol> {
    let mut masks: Masks<Symbol> = lanes(Mask::ALL, format, pixels);
    SHARES.iter().for_each(|share| masks[*share].fill(Symbol::from(0)));
    masks[Mask::Activation].fill(Symbol::from(0));
    masks
}

/// All steps of a block of `pixels` pixels together, `y = [s >= 0] z'` for every pixel of it. The client's shares are zero.
pub fn block(steps: &Steps, pixels: usize) -> Claim {
    let format = steps.format;
    let masks = shares_of_zero(format, pixels);
    let a = unknowns("a", format.n, pixels);
    let with = dealing(format, vec![total(&masks[Mask::PreActivation])], pixels);
    let mut view = View::default();
    steps.deal(&with, &masks, &mut view);
    let sent = steps.open(&a, &[total(&a)], &with, &view);
    steps.answer(&sent, &masks, &mut view);
    let y = opened(&steps.close(&sent, &with, &view), &masks[Mask::Activation], format.k);
    let z = opened(&a, &masks[Mask::PreActivation], format.n);
    let sum = z.iter().fold(Integer::from(0), |sum, z| sum + *z);
    let exact = y.iter().zip(&z).map(|(y, z)| y.equals(Integer::choose(is_positive(sum), *z, 0.into())));
    let claim = Claim::new(title("block", format), Statement::all(exact)).given(decided(format, sum));
    claim.given(Statement::all(z.iter().map(|z| in_range(format, *z)))).sharing(format.k)
}

/// A pixel, and a decision about it that is right or wrong.
struct Case {
    a: Vec<Symbol>,
    with: Dealing<Symbol>,
    decision: Symbol,
    window: Vec<Symbol>,
}

impl Case {
    fn new(format: Widths) -> Self {
        Self {
            a: unknowns("a", format.n, 1),
            with: dealing(format, unknowns("Lam", 32, 1), 1),
            decision: Symbol::unknown("decision", 1),
            window: unknowns("c", format.w, 1),
        }
    }

    /// `y`, from a server that sends the table bit which makes the decision what it should be.
    fn result(&self, steps: &Steps, masks: &Masks<Symbol>) -> Symbol {
        let mut view = View::default();
        steps.deal(&self.with, masks, &mut view);
        let masked = steps.open(&self.a, &[Symbol::from(0)], &self.with, &view).masked;
        let (window, bit) = (self.window.clone(), vec![Symbol::from(0)]);
        let mut sent = Windows { window, bit, masked };
        let own = steps.entries(&masks[Mask::Table], &sent.window, 0);
        sent.bit[0] = steps.decision(&sent, &own)[0] ^ self.decision ^ masks[Mask::Lam][0];
        steps.answer(&sent, masks, &mut view);
        reveal::sum(steps.close(&sent, &self.with, &view)[0], masks[Mask::Activation][0], steps.format.k)
    }

    /// `z'`.
    fn value(&self, format: Widths, masks: &Masks<Symbol>) -> Integer {
        opened(&self.a, &masks[Mask::PreActivation], format.n)[0]
    }
}

fn dealing(format: Widths, cd_sums: Vec<Symbol>, pixels: usize) -> Dealing<Symbol> {
    Dealing { cd_sums, s_sd: unknowns("s_sd", format.w, 1), z_sd: unknowns("z_sd", format.n, pixels) }
}

fn total(words: &[Symbol]) -> Symbol {
    words.iter().fold(Symbol::from(0), |sum, word| sum.wrapping_add(*word))
}

fn in_range(format: Widths, z: Integer) -> Statement {
    let reach = (1i64 << (format.n - 2)) - 1;
    z.within(-reach, reach)
}

/// The values of two components.
fn opened(a: &[Symbol], cd: &[Symbol], bits: u8) -> Vec<Integer> {
    a.iter().zip(cd).map(|(a, cd)| reveal::sum(*a, *cd, bits).signed(32)).collect()
}
