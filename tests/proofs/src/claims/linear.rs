//! Linear layers.

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;
use brelu_core::word::Word;

use super::title;
use crate::claim::Claim;
use crate::steps::Steps;
use crate::symbol::Symbol;

/// The result of a linear layer is the exact sum over 2^f, off by at most 1.5 units; exact where f is 0.
///
/// What the three multiply is not in the claim: `a W + x_cd W_sd + x_cd W_cs = (a + x_cd) W` in any ring. So the three
/// products are unknowns that add up to the exact sum and the start of the accumulator, modulo 2^K; each may have anything
/// above its K bits. Server and dealer are at `A - r` and `D + r`, which with `A` and `D` are any words, too.
pub fn truncation(steps: &Steps) -> Claim {
    let Widths { k, n, .. } = steps.format;
    let f = k - n;
    let [server, client, dealer, exact] = ["A", "P", "D", "exact"].map(|name| Symbol::unknown(name, 32));
    let [zeta, z_cd] = ["zeta", "z_cd"].map(|name| [Symbol::unknown(name, n)]);
    let rounding = [Symbol::unknown("r", f)];
    let v = steps.client_half(&[client], &zeta);
    let u = steps.dealer_half(&[dealer.wrapping_add(rounding[0])], &rounding, &zeta, &z_cd);
    let a = steps.server_half(&[server.wrapping_sub(rounding[0])], &rounding, &u, &v);

    let low = Symbol::from(ring::mask(k));
    let products = server.wrapping_add(client).wrapping_add(dealer);
    let whole = exact.wrapping_add(Symbol::from(steps.start()));
    let exact = exact.signed(32);
    let got = a[0].wrapping_add(z_cd[0]).signed(n);
    let bound = if f == 0 { 0 } else { 3 << (f - 1) };
    let reach = (1i64 << (k - 2)) - 1;
    Claim::new(title("linear", steps.format), (got * (1 << f) - exact).within(-bound, bound))
        .given((products & low).equals(whole & low))
        .given(exact.within(-reach, reach))
}

/// What the rounding `r` does: with `t = (A + r) mod 2^f`, the sum of the two parts that know `A` and `D` is
/// `hi(A + D - t)`, so for a given `t`, which is uniform whatever `A` is, it is a function of `A + D`.
pub fn rounding(steps: &Steps) -> Claim {
    let Widths { k, n, .. } = steps.format;
    let f = k - n;
    let [a, d] = ["A", "D"].map(|name| Symbol::unknown(name, 32));
    let (r, zero) = ([Symbol::unknown("r", f)], [Symbol::from(0)]);
    let server = steps.server_half(&[a], &r, &zero, &zero)[0];
    let dealer = steps.dealer_half(&[d], &r, &zero, &zero)[0];
    let t = a.wrapping_add(r[0]) & Symbol::from(ring::mask(f));
    let whole = ring::high(a.wrapping_add(d).wrapping_sub(t), k, f);
    let low = Symbol::from(ring::mask(n));
    Claim::new(title("rounding", steps.format), (server.wrapping_add(dealer) & low).equals(whole & low))
}
