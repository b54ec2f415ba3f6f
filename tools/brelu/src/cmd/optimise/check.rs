//! Estimated against exact distortions of randomly chosen triples.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use brelu::report::{Bar, Lines};
use brelu_budget::distortion::{Measurement, Table, Triple, choose, pearson, spearman};

use brelu_networks::numbers::seconds;

/// What the comparison showed.
#[derive(Debug)]
pub(crate) struct Check {
    triples: usize,
    spearman: f64,
    /// Pearson's correlation of the logarithms.
    logarithms: f64,
    /// Seconds the exact values took.
    took: f64,
    /// Seconds all exact values would take, from the mean of the measured ones of each layer.
    all: f64,
}

/// Measures `number` triples exactly and enters them in the table.
pub(crate) fn run(
    measurement: &Measurement<'_>,
    table: &mut Table,
    number: usize,
    seed: u64,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Check>> {
    let all = measurement.triples();
    let chosen = choose(&all, number, seed);
    let estimate = |triple: &Triple| table.layers[triple.layer].distortion[at(table, triple)];
    let estimated: Vec<f64> = chosen.iter().map(estimate).collect();
    let exact = measure(measurement, table, &chosen, stop)?;
    let values: Vec<f64> = exact.iter().map(|(value, _)| *value).collect();
    let logs = |values: &[f64]| values.iter().map(|value| value.max(1e-30).ln()).collect::<Vec<_>>();
    Ok(Some(Check {
        triples: chosen.len(),
        spearman: spearman(&estimated, &values),
        logarithms: pearson(&logs(&estimated), &logs(&values)),
        took: exact.iter().map(|(_, took)| took.as_secs_f64()).sum(),
        all: extrapolated(table.layers.len(), &all, &chosen, &exact),
    }))
}

/// Measures triples exactly and enters them in the table; with each value comes the time it took.
pub(crate) fn measure(
    measurement: &Measurement<'_>,
    table: &mut Table,
    triples: &[Triple],
    stop: &Arc<AtomicBool>,
) -> Result<Vec<(f64, Duration)>> {
    let bar = Bar::new(measurement.len() as u64, "measuring exactly");
    let exact = measurement.exact(triples, &mut |done| {
        bar.at(done as u64, measurement.len() as u64);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let Some(exact) = exact else { bail!("interrupted: nothing was written") };
    for (triple, (value, _)) in triples.iter().zip(&exact) {
        let at = at(table, triple);
        table.layers[triple.layer].exact[at] = *value;
    }
    Ok(exact)
}

fn at(table: &Table, triple: &Triple) -> usize {
    triple.channel * table.layers[triple.layer].sizes.len() + triple.candidate
}

/// Seconds for all triples: those of a layer take as long as its measured ones.
fn extrapolated(layers: usize, all: &[Triple], chosen: &[Triple], exact: &[(f64, Duration)]) -> f64 {
    let overall = exact.iter().map(|(_, took)| took.as_secs_f64()).sum::<f64>() / exact.len().max(1) as f64;
    let of_layer = |layer: usize| {
        let pairs = chosen.iter().zip(exact).filter(|(triple, _)| triple.layer == layer);
        let times: Vec<f64> = pairs.map(|(_, (_, took))| took.as_secs_f64()).collect();
        let mean = if times.is_empty() { overall } else { times.iter().sum::<f64>() / times.len() as f64 };
        mean * all.iter().filter(|triple| triple.layer == layer).count() as f64
    };
    (0..layers).map(of_layer).sum()
}

impl Check {
    /// Adds lines about it; the estimate of everything took `estimate` seconds.
    pub(crate) fn describe(&self, text: &mut Lines, estimate: f64) {
        text.pair(
            "check",
            format_args!(
                "{} random triples measured exactly in {}: Spearman {:.4}, Pearson of logarithms {:.4}",
                self.triples,
                seconds(self.took),
                self.spearman,
                self.logarithms
            ),
        );
        text.pair(
            "",
            format_args!(
                "all exactly would take {:.1} h (extrapolated by layer), {:.0} times as long as this",
                self.all / 3600.0,
                self.all / estimate
            ),
        );
    }
}
