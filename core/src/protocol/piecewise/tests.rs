//! The halves of all parties, for random functions, decisions, masks and shares.

extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::plan::PiecewiseBuf;
use crate::protocol::block_relu::{self, PixelParts};

/// One pixel with everything random about it; every number is cut to its width where it is used.
#[derive(Clone, Debug)]
struct Pixel {
    z: i64,
    masks: [u32; 2],
    shares: [u32; 2],
    knots: Vec<(Knot, bool, [u32; 4])>,
}

fn pixel(n: u8, knots: usize) -> impl Strategy<Value = Pixel> {
    let half = 1i64 << (n - 2);
    let at = -2 * half as i32..2 * half as i32;
    let knot = (at, any::<i16>()).prop_map(|(at, slope)| Knot { at, slope });
    let knots = prop::collection::vec((knot, any::<bool>(), any::<[u32; 4]>()), knots);
    (1 - half..half, any::<[u32; 2]>(), any::<[u32; 2]>(), knots)
        .prop_map(|(z, masks, shares, knots)| Pixel { z, masks, shares, knots })
}

fn case() -> impl Strategy<Value = (Widths, i16, i32, Pixel)> {
    (3u8..17, 0u8..9, 1usize..5).prop_flat_map(|(n, extra, knots)| {
        let format = Widths { n, k: n + extra, w: 2, lo: 0 };
        (Just(format), any::<i16>(), any::<i32>(), pixel(n, knots))
    })
}

/// What client and server make of a pixel, added up, modulo 2^k.
fn result(format: Widths, function: Piecewise<'_>, pixel: &Pixel) -> u32 {
    let cut = |value: u32, bits: u8| value & ring::mask(bits);
    let [z_cd, z_sd] = pixel.masks.map(|mask| cut(mask, format.n));
    let masked = [cut((pixel.z as u32).wrapping_sub(z_cd).wrapping_sub(z_sd), format.n)];
    let [carry, top] = pixel.shares.map(|share| cut(share, format.extra()));
    let (mut client, mut server) = (([z_cd], [carry], [top]), ([z_sd], [carry], [top]));
    let mut dealt = Vec::new();
    for (index, (_, _, [lam, lam_share, lam_mask, lam_top])) in pixel.knots.iter().enumerate() {
        let lam = lam & 1;
        let own = [cut(*lam_share, format.k), cut(*lam_mask, format.k), cut(*lam_top, format.extra())];
        let [mut lam_share, mut lam_mask, mut lam_top] = own.map(|share| [share]);
        block_relu::deal_lam(format, &[lam], &mut lam_share);
        if index == 0 {
            let mut parts = PixelParts {
                lam_mask: &mut lam_mask,
                carry: &mut server.1,
                top: &mut server.2,
                lam_top: &mut lam_top,
            };
            block_relu::deal_pixels(format, &[z_cd], &[z_sd], &[lam], &mut parts);
        } else {
            deal_pixels(format, &[z_cd], &[z_sd], &[lam], &mut lam_mask, &mut lam_top);
        }
        dealt.push((lam, own.map(|share| [share]), [lam_share, lam_mask, lam_top]));
    }
    begin::<false, u32>(format, function, &masked, &client.2, &mut client.0, &mut client.1);
    begin::<true, u32>(format, function, &masked, &server.2, &mut server.0, &mut server.1);
    for ((knot, decision, _), (lam, own, dealt)) in pixel.knots.iter().zip(&dealt) {
        let decision = [u32::from(*decision) ^ lam];
        let [lam, lam_mask, lam_top] = own;
        let opened = Opened { masked: &masked, decision: &decision, lam };
        add_knot::<false, u32>(format, *knot, &opened, [lam_mask, lam_top], &client.0, &mut client.1);
        let [lam, lam_mask, lam_top] = dealt;
        let opened = Opened { masked: &masked, decision: &decision, lam };
        add_knot::<true, u32>(format, *knot, &opened, [lam_mask, lam_top], &server.0, &mut server.1);
    }
    cut(client.1[0].wrapping_add(server.1[0]), format.k)
}

proptest! {
    #[test]
    fn halves_add_up_to_the_function((format, slope, offset, pixel) in case()) {
        let knots: Vec<Knot> = pixel.knots.iter().map(|(knot, ..)| *knot).collect();
        let function = PiecewiseBuf::new(slope, offset, &knots).unwrap();
        let mut wanted = i64::from(offset) + i64::from(slope) * pixel.z;
        for (knot, decision, _) in &pixel.knots {
            wanted += i64::from(*decision) * i64::from(knot.slope) * (pixel.z - i64::from(knot.at));
        }
        prop_assert_eq!(result(format, function.view(), &pixel), wanted as u32 & ring::mask(format.k));
    }

    /// The case of one knot, bit for bit.
    #[test]
    fn relu_is_block_relu((format, _, _, pixel) in case(), values: [u32; 6], decision: bool) {
        let [masked, base, carry, top, lam_top, lam] = values;
        let narrow = |share| [share & ring::mask(format.extra())];
        let (masked, decision, lam) = ([masked & ring::mask(format.n)], [u32::from(decision)], [lam & ring::mask(format.k)]);
        let base = base & ring::mask(format.n);
        let [mut carry, mut top, mut lam_top] = [carry, top, lam_top].map(narrow);
        let mut lam_mask = [pixel.shares[0] & ring::mask(format.k)];
        let knot = Knot { at: 0, slope: 1 };
        let opened = Opened { masked: &masked, decision: &decision, lam: &lam };
        let (mut mask, mut sum, mut direct) = ([base], carry, [base]);
        begin::<true, u32>(format, Piecewise::RELU, &masked, &top, &mut mask, &mut sum);
        add_knot::<true, u32>(format, knot, &opened, [&lam_mask, &lam_top], &mask, &mut sum);
        let parts = PixelParts { lam_mask: &mut lam_mask, carry: &mut carry, top: &mut top, lam_top: &mut lam_top };
        block_relu::select::<true, u32>(format, &opened, &parts, &mut direct);
        prop_assert_eq!(sum[0] & ring::mask(format.k), direct[0]);
    }
}

#[test]
fn a_knot_is_subtracted_from_every_pixel_of_a_block() {
    let mut sums = [100u32, 7];
    move_sums(Knot { at: -3, slope: 1 }, &[4, 1], &mut sums);
    assert_eq!(sums, [112, 10]);
}
