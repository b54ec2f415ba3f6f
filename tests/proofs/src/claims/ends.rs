//! Input, output, ring extension.

use brelu_core::protocol::block_relu::Widths;
use brelu_core::protocol::reveal;

use super::{lanes, title, unknowns};
use crate::claim::Claim;
use crate::lanes::{Mask, Masks, Name, Seen, View};
use crate::steps::Steps;
use crate::symbol::Symbol;

/// `mask_input` and `open`: what is split and opened again is what it was.
pub fn input(steps: &Steps) -> Claim {
    let k = steps.format.k;
    let (x, x_cd) = (Symbol::unknown("x", 32), [Symbol::unknown("x_cd", k)]);
    let opened = reveal::sum(steps.input(&[x], &x_cd)[0], x_cd[0], k);
    let half = 1i64 << (k - 1);
    Claim::new(title("input", steps.format), opened.equals(x)).given(x.signed(32).within(-half, half - 1))
}

/// `extend`: the value in Z_2^K is that in Z_2^n, for |z'| < 2^(n-2).
pub fn extension(steps: &Steps) -> Claim {
    let Widths { n, k, .. } = steps.format;
    let masks: Masks<Symbol> = lanes(Mask::ALL, steps.format, 1);
    let (a, eps) = (unknowns("a", n, 1), unknowns("eps", 1, 1));
    let mut view = View::default();
    view[Seen::Cross] = steps.deal_cross(&eps, &masks);
    let opened = steps.open_extension(&a, &eps);
    view[Seen::Extended] = steps.answer_extension(&opened, &masks);
    let wide = steps.close_extension(&a, &opened, &view)[0];
    let got = reveal::sum(wide, steps.extended_mask(&masks)[0], k).signed(32);
    let z = reveal::sum(a[0], masks[Mask::PreActivation][0], n).signed(32);
    let reach = (1i64 << (n - 2)) - 1;
    Claim::new(title("extension", steps.format), got.equals(z)).given(z.within(-reach, reach))
}
