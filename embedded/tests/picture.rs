//! Pictures become inputs as everywhere else: `round(pixel * mul + add)`, with the pair of the pixel's plane.

use brelu_core::client::Input;
use brelu_core::plan::{ColourOrder, Fit, Preprocess};
use brelu_embedded::picture::Picture;
use brelu_embedded::settings::Card;
use proptest::prelude::*;

fn card(affine: &[[f32; 2]], plane: u32) -> Card<'static> {
    let affine = affine.iter().copied().collect();
    let preprocess = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine };
    Card { preprocess, plane, labels: "", class_offset: 0 }
}

/// All elements of a picture, `piece` of them at a time.
fn elements(bytes: &[u8], card: &Card<'_>, piece: usize) -> Vec<i32> {
    let picture = Picture::new(bytes, card);
    assert_eq!(picture.elements(), bytes.len());
    let mut out = vec![0; bytes.len()];
    for (index, out) in out.chunks_mut(piece).enumerate() {
        picture.read(index * piece, out);
    }
    out.into_iter().map(|word: u32| word as i32).collect()
}

fn expected(bytes: &[u8], affine: &[[f32; 2]], plane: usize) -> Vec<i32> {
    let of = |(at, byte): (usize, &u8)| {
        let [mul, add] = *affine.get(at / plane).unwrap_or(&affine[0]);
        (f32::from(*byte) * mul + add).round() as i32
    };
    bytes.iter().enumerate().map(of).collect()
}

proptest! {
    #[test]
    fn pieces_are_the_whole(
        affine in prop_oneof![
            prop::collection::vec(prop::array::uniform2(-3e4f32..3e4), 1),
            prop::collection::vec(prop::array::uniform2(-3e4f32..3e4), 3),
        ],
        plane in 1usize..40,
        bytes in prop::collection::vec(any::<u8>(), 120),
        piece in 1usize..130,
    ) {
        let (bytes, card) = (&bytes[..3 * plane], card(&affine, plane as u32));
        prop_assert_eq!(elements(bytes, &card, piece), expected(bytes, &affine, plane));
    }
}

#[test]
fn halves_are_rounded_away_from_zero() {
    let card = card(&[[0.5, -1.0]], 6);
    assert_eq!(elements(&[0, 1, 2, 3, 4, 5], &card, 6), [-1, -1, 0, 1, 1, 2]);
}

#[test]
fn a_card_without_pairs_or_plane_does_no_harm() {
    assert_eq!(elements(&[0, 7, 255], &card(&[], 0), 2), [0, 7, 255]);
}

#[test]
fn values_beyond_all_bounds_stay_at_the_bounds() {
    assert_eq!(elements(&[255, 0], &card(&[[1e30, 0.0], [-1e30, -1e30]], 1), 1), [i32::MAX, i32::MIN]);
}
