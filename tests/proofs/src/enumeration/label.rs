//! What a client that follows the protocol sees of a tournament, over all that server and dealer draw.

use std::collections::BTreeMap;

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;

use super::strategy::Strategy;
use crate::fault::Fault;
use crate::lanes::{Mask, Masks, Name, View};
use crate::steps::{Dealing, Steps};

/// Rings with room for the differences of [`SCORES`] scores of two classes.
const FORMAT: Widths = Widths { k: 5, n: 5, w: 5, lo: 0 };

/// Scores are `0 .. SCORES`.
pub const SCORES: u32 = 4;

/// Bits of an index.
const INDEX: u8 = 1;

/// What a client with the randomness number `client` sees for the scores of two classes (the window, the server's table bit,
/// the masked pixel, the component that is opened), and how often; and how often which class wins.
///
/// What is opened is the winner's composite score `2 z + index` modulo 2, so its index.
pub fn client_views(
    scores: [u32; 2],
    client: u64,
    fault: Option<Fault>,
) -> (BTreeMap<[u32; 4], u32>, [u32; 2]) {
    let steps = Steps { format: FORMAT, fault };
    let drawn = Strategy::new(client);
    let cases = 1u32 << (FORMAT.w + FORMAT.n + 1);
    let part = |at: u8, bits: u8| (0..cases).map(|case| (case >> at) & ring::mask(bits)).collect::<Vec<_>>();
    let lane = |round, bits: u32| vec![drawn.message(round, 0) & ring::mask(bits as u8); cases as usize];
    let mut masks = Masks::default();
    for (round, mask) in Mask::ALL.iter().enumerate() {
        masks[*mask] = lane(round as u32, mask.bits(FORMAT));
    }
    masks[Mask::Lam] = part(FORMAT.w + FORMAT.n, 1);
    let masks = masks.planted(fault, FORMAT);

    // Composite scores, split, and their difference.
    let [p, q] = [0, 1].map(|index| scores[index as usize] << INDEX | index);
    let (z_cd, q_cd) = (&masks[Mask::PreActivation], lane(100, FORMAT.n.into()));
    let differs = p.wrapping_sub(q);
    let a: Vec<u32> = z_cd.iter().map(|cd| differs.wrapping_sub(*cd) & ring::mask(FORMAT.n)).collect();
    let with = Dealing { cd_sums: z_cd.clone(), s_sd: part(0, FORMAT.w), z_sd: part(FORMAT.w, FORMAT.n) };
    let mut view = View::default();
    steps.deal(&with, &masks, &mut view);
    let sent = steps.open(&a, &a, &with, &view);
    steps.answer(&sent, &masks, &mut view);
    let y = steps.close(&sent, &with, &view);

    let bits = if steps.has(Fault::ScoreOpened) { FORMAT.n } else { INDEX };
    let (mut seen, mut winners) = (BTreeMap::new(), [0; 2]);
    for case in 0..cases as usize {
        let server = y[case].wrapping_add(q).wrapping_sub(q_cd[case]);
        let component = server & ring::mask(bits);
        let cd = q_cd[case].wrapping_add(masks[Mask::Activation][case]);
        winners[(component.wrapping_add(cd) & ring::mask(INDEX)) as usize] += 1;
        let view = [sent.window[case], sent.bit[case], sent.masked[case], component];
        *seen.entry(view).or_default() += 1;
    }
    (seen, winners)
}
