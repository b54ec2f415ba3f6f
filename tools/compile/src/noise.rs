//! What a network makes of changes of its input that nobody sees.
//!
//! A ReLU is continuous: a value near zero gives nearly the same output whichever way it is decided. A block-ReLU is
//! not: the sum of a block may be near zero while its pixels are not, so that any inexactness decides some blocks the
//! other way and changes the outputs. A compiled network need not be closer to the float one than that one is to itself
//! on pictures one level brighter or darker here and there.

use rayon::prelude::*;

use super::CompileError;
use super::net::Net;
use super::quality::Pair;
use super::run::run;
use super::spec::is_pointwise;
use brelu_data::Preprocess;
use brelu_networks::numbers::Random;

/// Whether any decision is about more than one pixel.
pub(super) fn has_blocks(net: &Net) -> bool {
    !net.nodes.iter().flat_map(|node| node.op.channels()).all(is_pointwise)
}

/// The float network's `outputs`, and what they are when every pixel of the images is one level darker or brighter, or
/// neither.
pub(super) fn sensitivity<'a>(
    net: &Net,
    preprocess: &Preprocess,
    pixels: &[Vec<u8>],
    outputs: &'a [Vec<f32>],
    seed: u64,
) -> Result<Vec<Pair<'a>>, CompileError> {
    let changed = |at: usize| {
        let mut random = Random::new(seed ^ (at as u64) << 32);
        let pixels: Vec<u8> =
            pixels[at].iter().map(|level| level.saturating_add_signed(random.below(3) as i8 - 1)).collect();
        let output = run(net, &preprocess.normalise(&pixels), &mut |_, _, _, _| ())?;
        Ok((outputs[at].as_slice(), output))
    };
    let count = pixels.len().min(outputs.len());
    (0..count).into_par_iter().map(changed).collect()
}
