//! The dealer's steps.

use brelu_core::protocol::block_relu::{self, PixelParts};
use brelu_core::protocol::{extend, linear};
use brelu_core::ring;

use super::{COUNT, FORMAT, Step, lanes, step};

pub(super) fn steps() -> Vec<Step> {
    vec![
        step("dealer", "linear half", 4, |words| {
            let [product, rounding, zeta, z_cd] = lanes(words);
            ring::reduce(rounding, FORMAT.extra());
            linear::dealer(product, rounding, zeta, z_cd, FORMAT.n, FORMAT.extra());
        }),
        step("dealer", "block-ReLU tables", 4, |words| {
            let [sums, s_sd, lam, tables] = lanes(words);
            ring::reduce(lam, 1);
            block_relu::deal_tables(FORMAT, sums, s_sd, lam, &mut tables[..COUNT * FORMAT.table_words()]);
        }),
        step("dealer", "block-ReLU pixels", 7, |words| {
            let [z_cd, z_sd, lam, lam_mask, carry, top, lam_top] = lanes(words);
            ring::reduce(lam, 1);
            ring::reduce(z_sd, FORMAT.n);
            block_relu::deal_pixels(
                FORMAT,
                z_cd,
                z_sd,
                lam,
                &mut PixelParts { lam_mask, carry, top, lam_top },
            );
            block_relu::deal_lam(FORMAT, lam, z_cd);
        }),
        step("dealer", "extension", 3, |words| {
            let [z_cd, eps, cross] = lanes(words);
            ring::reduce(eps, 1);
            extend::deal(z_cd, eps, cross, FORMAT.n, FORMAT.k);
        }),
    ]
}
