//! What `infer` is given: pictures, or the floats of the network's input, in files or on standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use brelu_core::plan::{ColourOrder, Fit, Plan};
use brelu_data::{DataError, Preprocess, decode_image, npy};
use brelu_host::embed;
use image::{Rgb, RgbImage};

use super::super::preprocess::of_plan;

/// How standard input is called.
pub(super) const STDIN: &str = "-";

/// One input, ready for the network.
pub(super) struct Subject {
    /// What it is called; its results' names begin with its stem.
    pub(super) path: PathBuf,
    /// The picture; of floats, one that shows them.
    pub(super) picture: RgbImage,
    /// How that picture became the input.
    pub(super) preprocess: Preprocess,
    /// Units of the input.
    pub(super) input: Vec<u32>,
}

/// Reads inputs; `real` is asked how floats become units when there are floats.
pub(super) fn read(
    plan: &Plan<'_>,
    paths: &[PathBuf],
    real: impl Fn() -> Result<Preprocess>,
) -> Result<Vec<Subject>> {
    let twice = paths.iter().filter(|path| path.as_os_str() == STDIN).count() > 1;
    ensure!(!twice, "standard input can be read once: give - once");
    let pixels = of_plan(plan)?;
    paths
        .iter()
        .map(|path| {
            let named = name(path);
            let bytes = content(path).with_context(|| format!("cannot read {}", named.display()))?;
            let subject = match npy::is_npy(&bytes).then(|| npy::Array::parse(&bytes)).transpose() {
                Ok(Some(npy::Array { shape, values: npy::Values::Floats(values) })) => {
                    real().and_then(|real| of_floats(plan, &pixels, &real, &shape, &values, &named))
                }
                Ok(_) => {
                    let picture = decode_image(&bytes)
                        .map_err(|error| DataError::Image { path: named.clone(), error })?;
                    of_picture(plan, pixels, picture, &named)
                }
                Err(error) => return Err(DataError::Image { path: named, error }.into()),
            };
            subject.with_context(|| named.display().to_string())
        })
        .collect()
}

fn name(path: &Path) -> PathBuf {
    if path.as_os_str() == STDIN { "stdin".into() } else { path.into() }
}

fn content(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.as_os_str() != STDIN {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn of_picture(plan: &Plan<'_>, preprocess: Preprocess, picture: RgbImage, path: &Path) -> Result<Subject> {
    let pixels = preprocess.pixels(&picture)?;
    let input = embed::quantise_input(&plan.header().preprocess, plan.input().shape.plane(), &pixels);
    Ok(Subject { path: path.into(), picture, preprocess, input })
}

/// The input itself, in the units of the float network: `channels x height x width`.
fn of_floats(
    plan: &Plan<'_>,
    shown: &Preprocess,
    real: &Preprocess,
    shape: &[usize],
    values: &[f32],
    path: &Path,
) -> Result<Subject> {
    let want = plan.input().shape;
    let sizes = [want.channels, want.height, want.width].map(|size| size as usize);
    let given = if shape.len() == 4 && shape[0] == 1 { &shape[1..] } else { shape };
    ensure!(given == sizes, "its shape is {shape:?}, the network's input has {sizes:?}");
    let (plane, header) = (want.plane().max(1), plan.header());
    let pixels = embed::pixels(plan, values, |channel| real.scale_shift(channel).map(<[f32; 2]>::from))?;
    let input = embed::quantise_input(&header.preprocess, plane, &pixels);
    let picture = RgbImage::from_fn(want.width, want.height, |x, y| {
        let at = (y * want.width + x) as usize;
        let colour = |channel: usize| pixels[channel * plane + at].round().clamp(0.0, 255.0) as u8;
        Rgb(match shown.channels {
            ColourOrder::Rgb => [0, 1, 2].map(colour),
            ColourOrder::Bgr => [2, 1, 0].map(colour),
            ColourOrder::Grey => [colour(0); 3],
        })
    });
    let preprocess = Preprocess { fit: Fit::Exact, ..*shown };
    Ok(Subject { path: path.into(), picture, preprocess, input })
}
