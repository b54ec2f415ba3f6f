//! Whole inferences beside the same network in floating point.

use std::path::Path;
use std::time::Duration;

use brelu_core::cost::{self, Total};
use brelu_core::plan::Plan;
use brelu_host::weights::Weights;

use super::timing::time;
use super::{BenchError, session};
use brelu_networks::graph::{Executor, Graph, Scratch};
use brelu_networks::numbers::median;

/// Times of one network, for one image.
#[derive(Clone, Debug)]
pub struct NetworkRow {
    /// What it costs by the formulas.
    pub total: Total,
    /// Secure, before the input exists.
    pub offline: Duration,
    /// Secure, from the input to the output.
    pub online: Duration,
    /// As [`Self::offline`], without encryption.
    pub clear_offline: Duration,
    /// As [`Self::online`], without encryption.
    pub clear_online: Duration,
    /// The float executor of this crate, one thread.
    pub float: Duration,
    /// A plaintext engine, one thread, if the build has one and there is a file it can read.
    pub engine: Option<Duration>,
}

/// Measures `runs` inferences of a compiled network in all three ways. `pixels` is the fixed-point input, `real` the
/// same in floating point, `file` the ONNX file if there is one.
///
/// # Errors
/// If one of the ways fails.
pub fn network(
    plan: &'static Plan<'static>,
    weights: Weights,
    graph: &Graph,
    (pixels, real): (Vec<i32>, &[f32]),
    file: Option<&Path>,
    runs: usize,
) -> Result<NetworkRow, BenchError> {
    let pixels = vec![pixels; runs + 1];
    let clear = session::run(plan, weights.clone(), &pixels, false)?.split_off(1);
    let times = session::run(plan, weights, &pixels, true)?.split_off(1);
    let executor = Executor::new(graph)?;
    let mut scratch = Scratch::default();
    executor.run_with(real, &mut scratch, &mut |_, _, _| {})?;
    // The same call succeeded just before.
    let float = time(runs, || drop(executor.run_with(real, &mut scratch, &mut |_, _, _| {})));
    let engine = file.map(|file| engine(file, graph, real, runs)).transpose()?.flatten();
    let middle = |times: &[session::Times], get: fn(&session::Times) -> Duration| {
        median(&mut times.iter().map(get).collect::<Vec<_>>())
    };
    Ok(NetworkRow {
        total: cost::total(plan),
        offline: middle(&times, |times| times.offline),
        online: middle(&times, |times| times.online),
        clear_offline: middle(&clear, |times| times.offline),
        clear_online: middle(&clear, |times| times.online),
        float,
        engine,
    })
}

#[cfg(feature = "tract")]
fn engine(file: &Path, graph: &Graph, real: &[f32], runs: usize) -> Result<Option<Duration>, BenchError> {
    use tract_onnx::prelude::*;
    let failed = |error: TractError| {
        BenchError::Engine(format!("{error:#}").lines().next().unwrap_or_default().to_owned())
    };
    let shape = graph.input_shape();
    let dims = [1, shape.channels as usize, shape.height as usize, shape.width as usize];
    let model = tract_onnx::onnx()
        .model_for_path(file)
        .and_then(|model| model.with_input_fact(0, f32::fact(dims).into()))
        .and_then(|model| model.into_optimized())
        .and_then(|model| model.into_runnable())
        .map_err(failed)?;
    let input: TValue = Tensor::from_shape(&dims, real).map_err(failed)?.into();
    model.run(tvec!(input.clone())).map_err(failed)?;
    Ok(Some(time(runs, || drop(model.run(tvec!(input.clone()))))))
}

#[cfg(not(feature = "tract"))]
fn engine(_: &Path, _: &Graph, _: &[f32], _: usize) -> Result<Option<Duration>, BenchError> {
    Ok(None)
}
