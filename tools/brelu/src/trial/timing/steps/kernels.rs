//! Linear maps, each computed in a way of its own. The secrets are the inputs; the weights stay the same.

use brelu_core::client::{LinearKernel, Portable};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::prf::{Address, Kind, PairKey};
use brelu_kernels::ring::{Backend, KernelError, Linear};

use super::{Step, key};

/// Bits of the rings.
const BITS: u8 = 24;

pub(super) fn steps() -> Result<Vec<Step>, KernelError> {
    let square = |channels, size, out, kernel: u16| {
        Conv2d::square(Shape::new(channels, size, size), out, kernel, 1, kernel / 2)
    };
    let depthwise = Conv2d { groups: 16, ..square(16, 8, 16, 3) };
    Ok(vec![
        map("product of 16-bit weights", square(32, 8, 16, 1), 12)?,
        map("product of whole words", square(32, 8, 16, 1), BITS)?,
        Step { times: 4, ..map("minimal filtering", square(64, 12, 64, 3), BITS)? },
        map("depthwise map", depthwise, BITS)?,
        map("dot products", Conv2d::dense(256, 32), BITS)?,
        portable(square(4, 8, 4, 3)),
    ])
}

/// A map with random weights of `width` bits, signed.
fn map(name: &'static str, map: Conv2d, width: u8) -> Result<Step, KernelError> {
    let mut weights = vec![0; map.weight_len()];
    PairKey::new([9; 32]).stream(Address::new(1, 1, Kind::CdZeta)).fill(width, 0, &mut weights);
    let half = 1 << (width - 1);
    weights.iter_mut().for_each(|weight| *weight = weight.wrapping_sub(half));
    let linear = Linear::new(Backend::best(), &map, &weights, BITS.into())?;
    let mut out = vec![0; map.output().map_or(0, |shape| shape.len())];
    let run = move |words: &mut [u32]| {
        // The lengths are the map's own.
        drop(linear.accumulate(words, &mut out));
    };
    Ok(Step { party: "kernel", name, secrets: map.input.len(), times: 1, run: Box::new(run) })
}

/// The embedded client's map, whose weights come from a secret key.
fn portable(map: Conv2d) -> Step {
    let mut out = vec![0; map.output().map_or(0, |shape| shape.len())];
    let run = move |words: &mut [u32]| {
        let (key, x) = (key(words), &words[PairKey::LEN / 4..]);
        Portable.accumulate(&key, 1, 0, &map, BITS, x, &mut out);
    };
    let secrets = map.input.len() + PairKey::LEN / 4;
    Step { party: "kernel", name: "portable map and weights", secrets, times: 1, run: Box::new(run) }
}
