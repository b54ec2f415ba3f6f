//! How pictures become the input of a network: options, files, and whether they fit a plan.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use brelu_core::geometry::Shape;
use brelu_core::plan::{ColourOrder, Fit, Plan};
use brelu_data::Preprocess;
use brelu_networks::graph::Graph;
use clap::Args;

use super::arguments::shape_text;
use super::files::plan_digest;

/// The largest value of a pixel.
const BRIGHTEST: f32 = 255.0;
/// A mean of pixels is none of them if it is this many times the brightest one.
const MEAN_BEYOND: f32 = 1.01;
/// How far apart black and white can be in the input of a network: from a hundredth of what they usually are, if the standard
/// deviation counts from 0 to 255 and the pixels from 0 to 1, to some hundred times that, the other way round.
const LEAST_SPREAD: f32 = 0.05;
const LARGEST_SPREAD: f32 = 1000.0;

/// How pictures become the input: x = (pixel / divide-by - mean) / std for every channel.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Preprocessing: x = (pixel / divide-by - mean) / std, pixels 0 to 255")]
pub(crate) struct PreprocessArgs {
    /// Mean of each channel, after the division, in the order of the channels: one or three numbers [default: 0]
    #[arg(long, num_args = 1..=3, value_delimiter = ',', allow_negative_numbers = true, value_name = "X")]
    mean: Vec<f32>,

    /// Standard deviation of each channel, after the division: one or three numbers [default: 1]
    #[arg(long, num_args = 1..=3, value_delimiter = ',', value_name = "X")]
    std: Vec<f32>,

    /// Divisor of the pixel values; 1 leaves them as they are [default: 255, or 1 for networks whose input is of bytes (uint8)]
    #[arg(long, value_name = "X")]
    divide_by: Option<f32>,

    /// Order of the channels: rgb, bgr or grey (by ITU-R BT.601, before resizing) [default: rgb, or grey for networks with one channel]
    #[arg(long, value_name = "ORDER", value_parser = order)]
    order: Option<ColourOrder>,

    /// How pictures get the input's size: exact (they must have it), stretch (resized, proportions lost), short-side:N
    /// (short side resized to N pixels, then the centre cut out), or pad (resized to fit with proportions kept, the rest
    /// filled with the mean colour). Bilinear, to the pixel as torchvision's Resize and CenterCrop on pictures [default: exact]
    #[arg(long, value_name = "FIT", value_parser = fit)]
    fit: Option<Fit>,

    /// All of this as a JSON file instead: the "preprocess" member of the .json file of an earlier compile, or that
    /// file itself
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mean", "std", "divide_by", "order", "fit"])]
    preprocess: Option<PathBuf>,
}

impl PreprocessArgs {
    /// Whether any of the options was given.
    pub(crate) fn is_given(&self) -> bool {
        let values = !self.mean.is_empty() || !self.std.is_empty() || self.divide_by.is_some();
        values || self.order.is_some() || self.fit.is_some() || self.preprocess.is_some()
    }

    /// The preprocessing, if it gives the input of `network`.
    pub(crate) fn fitting(&self, network: &Graph) -> Result<Preprocess> {
        let (preprocess, shape) = (self.resolve(network)?, network.input_shape());
        ensure!(
            preprocess.shape() == shape,
            "the preprocessing gives {}, the network takes {}: change its sizes",
            shape_text(preprocess.shape()),
            shape_text(shape)
        );
        Ok(preprocess)
    }

    /// The preprocessing for the input of `network`.
    pub(crate) fn resolve(&self, network: &Graph) -> Result<Preprocess> {
        self.resolve_shape(network.input_shape(), network.takes_bytes)
    }

    /// The preprocessing for an input of this shape, which may be of pixels as they are.
    fn resolve_shape(&self, shape: Shape, takes_bytes: bool) -> Result<Preprocess> {
        let preprocess = self.given(shape, takes_bytes)?;
        check_numbers(&preprocess, takes_bytes)?;
        Ok(preprocess)
    }

    fn given(&self, shape: Shape, takes_bytes: bool) -> Result<Preprocess> {
        if let Some(path) = &self.preprocess {
            return read(path);
        }
        let by_shape = channels(shape)?;
        let mut preprocess = Preprocess {
            height: shape.height,
            width: shape.width,
            fit: self.fit.unwrap_or(Fit::Exact),
            channels: self.order.unwrap_or(by_shape),
            divide_by: self.divide_by.unwrap_or(if takes_bytes { 1.0 } else { BRIGHTEST }),
            mean: three("mean", &self.mean, 0.0)?,
            std: three("std", &self.std, 1.0)?,
        };
        if matches!(preprocess.fit, Fit::Pad { .. }) {
            preprocess.fit = Fit::Pad { colour: preprocess.mean_colour() };
        }
        preprocess.check()?;
        Ok(preprocess)
    }
}

/// The planes of pictures that a network with this input takes.
pub(crate) fn channels(shape: Shape) -> Result<ColourOrder> {
    match shape.channels {
        1 => Ok(ColourOrder::Grey),
        3 => Ok(ColourOrder::Rgb),
        other => bail!("the network takes {other} channels, but pictures have 1 or 3: change its input"),
    }
}

/// Refuses numbers that make of pixels what no network was trained on.
fn check_numbers(preprocess: &Preprocess, takes_bytes: bool) -> Result<()> {
    let Preprocess { divide_by, mean, std, .. } = *preprocess;
    let as_they_are = divide_by == 1.0 && mean == [0.0; 3] && std == [1.0; 3];
    ensure!(
        !takes_bytes || as_they_are,
        "the network takes pixels as they are (its input is of bytes, uint8) and scales them itself: give --divide-by 1, and \
         no --mean or --std"
    );
    let brightest = BRIGHTEST / divide_by;
    for (mean, std) in mean.into_iter().zip(std) {
        ensure!(
            mean.abs() <= brightest.abs() * MEAN_BEYOND,
            "the mean {mean} is beyond every pixel, which --divide-by {divide_by} brings to 0 to {brightest}: give \
             --divide-by 1 if mean and standard deviation count from 0 to 255, or divide them by 255"
        );
        let spread = (brightest / std).abs();
        ensure!(
            (LEAST_SPREAD..=LARGEST_SPREAD).contains(&spread),
            "black and white differ by {spread} in the network's input, by --divide-by {divide_by} and --std {std}: one of the \
             two has to count from 0 to 255, the other from 0 to 1"
        );
    }
    Ok(())
}

fn three(name: &str, values: &[f32], default: f32) -> Result<[f32; 3]> {
    match *values {
        [] => Ok([default; 3]),
        [value] => Ok([value; 3]),
        [a, b, c] => Ok([a, b, c]),
        _ => bail!("--{name} takes one or three numbers, not {}", values.len()),
    }
}

fn order(text: &str) -> Result<ColourOrder, String> {
    match text {
        "rgb" => Ok(ColourOrder::Rgb),
        "bgr" => Ok(ColourOrder::Bgr),
        "grey" | "gray" => Ok(ColourOrder::Grey),
        _ => Err("give rgb, bgr or grey".into()),
    }
}

fn fit(text: &str) -> Result<Fit, String> {
    match (text, text.strip_prefix("short-side:").map(str::parse)) {
        ("exact", _) => Ok(Fit::Exact),
        ("stretch", _) => Ok(Fit::Stretch),
        // The colour follows from the mean, when that is known.
        ("pad", _) => Ok(Fit::Pad { colour: [0; 3] }),
        (_, Some(Ok(short_side))) => Ok(Fit::CenterCrop { short_side }),
        _ => Err("give exact, stretch, pad or short-side:PIXELS (at most 16384), for example short-side:256"
            .into()),
    }
}

fn read(path: &Path) -> Result<Preprocess> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is no preprocessing", path.display()))
}

/// The preprocessing in a file of its own or in the report of a compilation.
pub(crate) fn parse(text: &str) -> Result<Preprocess> {
    let mut value: serde_json::Value = serde_json::from_str(text)?;
    let inner = value.get_mut("preprocess").map(serde_json::Value::take);
    let preprocess: Preprocess = serde_json::from_value(inner.unwrap_or(value))?;
    preprocess.check()?;
    Ok(preprocess)
}

/// The part of a plan's preprocessing that gives pixels: everything but the numbers.
pub(crate) fn of_plan(plan: &Plan<'_>) -> Result<Preprocess> {
    let (shape, header) = (plan.input().shape, &plan.header().preprocess);
    let mut preprocess = Preprocess::raw(shape.height, shape.width, header.order);
    preprocess.fit = header.fit;
    ensure!(
        preprocess.shape() == shape,
        "the plan takes no pictures: its input has {} channels",
        shape.channels
    );
    preprocess.check()?;
    Ok(preprocess)
}

/// The whole preprocessing of the plan in the file `path`: the one that is given, else the one that `brelu compile` wrote
/// beside the plan, else what the plan itself says of it.
pub(crate) fn whole(plan: &Plan<'_>, path: &Path, given: &PreprocessArgs, what: &str) -> Result<Preprocess> {
    let preprocess = match given.is_given() {
        true => given.resolve_shape(plan.input().shape, false)?,
        false => recorded(plan, path, what)?,
    };
    check_same(plan, &preprocess)?;
    Ok(preprocess)
}

fn recorded(plan: &Plan<'_>, path: &Path, what: &str) -> Result<Preprocess> {
    let path = path.with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    if text.contains(&plan_digest(plan)) {
        return parse(&text).with_context(|| path.display().to_string());
    }
    let known = real_of_plan(plan)?;
    known.with_context(|| {
        format!(
            "the plan does not say what a unit of its input is worth, and {} does not describe it: {what}, give the \
             preprocessing options that the plan was compiled with, or compile it again",
            path.display()
        )
    })
}

/// The preprocessing of a plan in the float network's units, if the plan says what its own are worth.
fn real_of_plan(plan: &Plan<'_>) -> Result<Option<Preprocess>> {
    const DIVISOR: f32 = 255.0;
    let (mut preprocess, header) = (of_plan(plan)?, plan.header());
    preprocess.divide_by = DIVISOR;
    for channel in 0..3 {
        let (scales, pair) = (&header.input_scale, header.preprocess.pair(channel));
        let Some((scale, [mul, add])) = scales.get(channel).or(scales.first()).zip(pair) else {
            return Ok(None);
        };
        // x = (pixel mul + add) scale = (pixel / 255 - mean) / std.
        preprocess.std[channel] = 1.0 / (DIVISOR * mul * scale);
        preprocess.mean[channel] = -add / (DIVISOR * mul);
    }
    preprocess.check()?;
    Ok(Some(preprocess))
}

/// Refuses a preprocessing that is not the one `plan` was compiled with, as far as its fixed point tells.
pub(crate) fn check_same(plan: &Plan<'_>, given: &Preprocess) -> Result<()> {
    let own = of_plan(plan)?;
    let same_pixels = (own.height, own.width, own.fit, own.channels)
        == (given.height, given.width, given.fit, given.channels);
    let fixed = &plan.header().preprocess;
    let same_numbers = (0..own.shape().channels as usize).all(|channel| {
        let (pair, want) = (fixed.pair(channel), given.scale_shift(channel));
        let zero = |mul: f32, add: f32| add / mul;
        pair.zip(want)
            .is_some_and(|([mul, add], (scale, shift))| (zero(mul, add) - zero(scale, shift)).abs() <= 0.51)
    });
    ensure!(
        same_pixels && same_numbers,
        "the preprocessing is not the one the plan was compiled with: give the same options as to `brelu compile`"
    );
    Ok(())
}
