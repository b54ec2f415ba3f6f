//! Functions of several knots.

use brelu_core::plan::{Knot, Piecewise, PiecewiseBuf};
use brelu_core::protocol::block_relu::{self, Opened, PixelParts, Widths};
use brelu_core::protocol::{piecewise, reveal};
use brelu_core::ring;
use brelu_core::word::Word;

use super::{title, unknowns};
use crate::claim::Claim;
use crate::fault::Fault;
use crate::steps::Steps;
use crate::symbol::Symbol;

/// What a party knows of one pixel: its part of `B`, its shares of `carry` and `top`, and of `lam`, `lam B` and `lam top` of
/// every knot.
#[derive(Clone)]
struct Pixel {
    base: Vec<Symbol>,
    carry: Vec<Symbol>,
    top: Vec<Symbol>,
    knots: Vec<[Vec<Symbol>; 3]>,
}

impl Pixel {
    /// Any one.
    fn unknown(format: Widths) -> Self {
        let [base, carry, top] = [("z", format.n), ("carry", format.extra()), ("top", format.extra())]
            .map(|(name, bits)| unknowns(name, bits, 1));
        let knot = [("lam", format.k), ("lam_mask", format.k), ("lam_top", format.extra())];
        Self { base, carry, top, knots: vec![knot.map(|(name, bits)| unknowns(name, bits, 1))] }
    }

    /// The client's, whose shares are zero.
    fn of_zeros(z_cd: &[Symbol], knots: usize) -> Self {
        let zero = vec![Symbol::from(0)];
        let knot = [(); 3].map(|()| zero.clone());
        Self { base: z_cd.to_vec(), carry: zero.clone(), top: zero, knots: vec![knot; knots] }
    }

    /// What the dealer makes of the client's for the server.
    fn dealt(&self, format: Widths, z_sd: &[Symbol], lam: &[Symbol]) -> Self {
        let (z_cd, mut server) = (&self.base, Self { base: z_sd.to_vec(), ..self.clone() });
        for (index, [share, lam_mask, lam_top]) in server.knots.iter_mut().enumerate() {
            let lam = &lam[index..=index];
            block_relu::deal_lam(format, lam, share);
            if index == 0 {
                let (carry, top) = (&mut server.carry, &mut server.top);
                let mut parts = PixelParts { lam_mask, carry, top, lam_top };
                block_relu::deal_pixels(format, z_cd, z_sd, lam, &mut parts);
            } else {
                piecewise::deal_pixels(format, z_cd, z_sd, lam, lam_mask, lam_top);
            }
        }
        server
    }

    /// The party's half of a function, given what is opened: `m`, and `m_b` of every knot.
    fn half<const SERVER: bool>(
        &self,
        format: Widths,
        function: Piecewise<'_>,
        masked: &[Symbol],
        decisions: &[Symbol],
    ) -> Symbol {
        let (mut base, mut sum) = (self.base.clone(), self.carry.clone());
        piecewise::begin::<SERVER, _>(format, function, masked, &self.top, &mut base, &mut sum);
        let knots = function.knots().zip(&self.knots).enumerate();
        for (index, (knot, [lam, lam_mask, lam_top])) in knots {
            let opened = Opened { masked, decision: &decisions[index..=index], lam };
            piecewise::add_knot::<SERVER, _>(format, knot, &opened, [lam_mask, lam_top], &base, &mut sum);
        }
        sum[0] & Symbol::from(ring::mask(format.k))
    }
}

/// `begin` and `add_knot` for the one knot of ReLU make what `select` makes, bit for bit.
pub fn one_knot<const SERVER: bool>(format: Widths) -> Claim {
    let (pixel, masked, decision) =
        (Pixel::unknown(format), unknowns("m", format.n, 1), unknowns("m_b", 1, 1));
    let half = pixel.half::<SERVER>(format, Piecewise::RELU, &masked, &decision);
    let Pixel { mut base, mut carry, mut top, mut knots } = pixel;
    let [lam, lam_mask, lam_top] = &mut knots[0];
    let parts = PixelParts { lam_mask, carry: &mut carry, top: &mut top, lam_top };
    let opened = Opened { masked: &masked, decision: &decision, lam };
    block_relu::select::<SERVER, _>(format, &opened, &parts, &mut base);
    Claim::new(title("one knot", format), half.equals(base[0]))
}

/// All halves of a pixel together: `offset + slope z' + sum of slope_i d_i (z' - at_i)` modulo 2^k for |z'| < 2^(n-2), whatever
/// the decisions are: `cases` has `lam` and `d` of every knot, since a solver is lost among the products of their unknowns.
/// The client's shares are zero: that they may be anything is proved of [`one_knot`]'s twin, and no knot
/// treats shares otherwise than by what is public.
pub fn knots(steps: &Steps, function: Piecewise<'_>, cases: &[[bool; 2]]) -> Claim {
    let (format, count) = (steps.format, function.len());
    let [a, z_cd, z_sd] = ["a", "z_cd", "z_sd"].map(|name| unknowns(name, format.n, 1));
    let bits =
        |which: usize| cases.iter().map(|case| Symbol::from(u32::from(case[which]))).collect::<Vec<_>>();
    let [lam, decided] = [0, 1].map(bits);
    let client = Pixel::of_zeros(&z_cd, count);
    let server = client.dealt(format, &z_sd, &lam);
    let mut masked = a.clone();
    block_relu::open_pixels(format, &mut masked, &z_sd);
    let opened: Vec<Symbol> = lam.iter().zip(&decided).map(|(lam, decided)| *lam ^ *decided).collect();
    let mirrored = mirrored(function);
    let used = if steps.has(Fault::KnotSign) { mirrored.view() } else { function };
    let halves = client
        .half::<false>(format, used, &masked, &opened)
        .wrapping_add(server.half::<true>(format, used, &masked, &opened));

    let z = reveal::sum(a[0], z_cd[0], format.n);
    let constant = |value: i32| Symbol::from(value as u32);
    let times = |value: Symbol, slope: i16| value.wrapping_mul(constant(slope.into()));
    let mut wanted = times(z, function.slope()).wrapping_add(constant(function.offset()));
    for (knot, decided) in function.knots().zip(&decided) {
        let above = times(z.wrapping_sub(constant(knot.at)), knot.slope);
        wanted = wanted.wrapping_add(Symbol::choose(decided.is_set(), above, Symbol::from(0)));
    }
    let (low, reach) = (Symbol::from(ring::mask(format.k)), (1i64 << (format.n - 2)) - 1);
    let claim = Claim::new(title(&format!("{count} knots"), format), (halves & low).equals(wanted & low));
    claim.given(z.signed(32).within(-reach, reach))
}

/// The function with every knot on the other side of zero.
fn mirrored(function: Piecewise<'_>) -> PiecewiseBuf {
    let knots: Vec<Knot> = function.knots().map(|knot| Knot { at: -knot.at, ..knot }).collect();
    PiecewiseBuf::new(function.slope(), function.offset(), &knots).expect("as many knots as before")
}
