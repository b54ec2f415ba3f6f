//! The kernels against the plain loop.

use std::time::Duration;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_kernels::ring::{Backend, Linear, plain};

use super::BenchError;
use super::timing::{noise, time};

/// Times of one map.
#[derive(Clone, Debug)]
pub struct KernelRow {
    /// The map, for people.
    pub name: &'static str,
    /// Multiplications of the plain loop.
    pub macs: u64,
    /// The plain loop.
    pub plain: Duration,
    /// Full-range weights modulo 2^32, small weights modulo 2^24, by backend.
    pub backends: Vec<(Backend, Duration, Duration)>,
}

fn maps(quick: bool) -> Vec<(&'static str, Conv2d)> {
    let conv = |channels, size, out_channels, kernel: u16, groups| Conv2d {
        input: Shape::new(channels, size, size),
        out_channels,
        groups,
        kernel: [kernel; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pads: [kernel / 2; 4],
    };
    let product = ("3x3 128 to 256 on 28x28 (256 x 1152 x 784)", conv(128, 28, 256, 3, 1));
    let more = [
        ("1x1 256 to 64 on 56x56", conv(256, 56, 64, 1, 1)),
        ("3x3 512 to 512 on 7x7", conv(512, 7, 512, 3, 1)),
        ("3x3 depthwise 144 on 56x56", conv(144, 56, 144, 3, 144)),
        ("fully connected 2048 to 1000", Conv2d::dense(2048, 1000)),
    ];
    if quick { vec![product] } else { std::iter::once(product).chain(more).collect() }
}

/// Measures every available backend on typical maps; `quick` takes only the first map.
///
/// # Errors
/// If a kernel refuses a map; none does.
pub fn kernels(quick: bool) -> Result<Vec<KernelRow>, BenchError> {
    maps(quick).into_iter().map(|(name, map)| row(name, &map, if quick { 3 } else { 15 })).collect()
}

fn row(name: &'static str, map: &Conv2d, runs: usize) -> Result<KernelRow, BenchError> {
    let x = noise(map.input.len());
    let full = noise(map.weight_len());
    let small: Vec<u32> = full.iter().map(|weight| (weight % 255).wrapping_sub(127)).collect();
    let shape = map.output().unwrap_or(Shape::new(0, 0, 0));
    let mut out = vec![0; shape.len()];
    let backends = Backend::available().into_iter().map(|backend| {
        let (full, small) = (Linear::new(backend, map, &full, 32)?, Linear::new(backend, map, &small, 24)?);
        let mut run = |linear: &Linear| {
            // Lengths are the map's own.
            time(runs, || drop(linear.accumulate(&x, &mut out)))
        };
        Ok((backend, run(&full), run(&small)))
    });
    let backends = backends.collect::<Result<_, BenchError>>()?;
    let plain = time(runs.min(3), || plain(map, &full, &x, &mut out));
    Ok(KernelRow { name, macs: shape.len() as u64 * map.fan_in() as u64, plain, backends })
}
