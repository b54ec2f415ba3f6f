//! Joins the shards of one measurement.

use thiserror::Error;

use super::{LayerTable, Provenance, Shard, Table, WINDOWS};

/// Why tables cannot be joined.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MergeError {
    /// There is nothing to join.
    #[error("there is no table to merge: give the shards of one measurement")]
    Nothing,
    /// A table is no part of a divided measurement.
    #[error("a table from {model} is a whole measurement, no shard: there is nothing to merge it with")]
    Whole {
        /// The network's file.
        model: String,
    },
    /// Shards were made in different ways.
    #[error("shard {second} has another {what} than shard {first}: they are not of one measurement")]
    Differ {
        /// What differs.
        what: &'static str,
        /// A shard.
        first: u32,
        /// Another one.
        second: u32,
    },
    /// A shard is there more than once.
    #[error("shard {index} is given twice: give every shard once")]
    Twice {
        /// Which.
        index: u32,
    },
    /// Numbers of shards, or of their images, that cannot be.
    #[error("the shards cannot be of one measurement: {0}")]
    Impossible(String),
    /// Shards are not there.
    #[error("{} missing: measure them or give their tables too", missing(.indices, *.of))]
    Missing {
        /// Which, from 1.
        indices: Vec<u32>,
        /// Of how many.
        of: u32,
    },
}

/// Most parts of a measurement.
const MAX_SHARDS: u32 = 1 << 16;

fn missing(indices: &[u32], of: u32) -> String {
    match indices {
        [one] => format!("shard {one} of {of} is"),
        [most @ .., last] if most.len() < 20 => {
            let most: Vec<String> = most.iter().map(u32::to_string).collect();
            format!("shards {} and {last} of {of} are", most.join(", "))
        }
        _ => format!("{} of {of} shards are", indices.len()),
    }
}

/// Joins the shards of one measurement, in any order: distortions, those of windows and the output's power become means
/// over all samples. An exact value is kept where every shard has one.
///
/// # Errors
/// If the tables are not every shard of one measurement exactly once.
pub fn merge(mut tables: Vec<Table>) -> Result<Table, MergeError> {
    if let Some(whole) = tables.iter().find(|table| table.provenance.shards.is_empty()) {
        return Err(MergeError::Whole { model: whole.provenance.model.clone() });
    }
    tables.iter_mut().for_each(|table| table.provenance.shards.sort());
    tables.sort_by(|a, b| a.provenance.shards.cmp(&b.provenance.shards));
    let first = tables.first().ok_or(MergeError::Nothing)?;
    for other in &tables[1..] {
        if let Some(what) = difference(first, other) {
            return Err(MergeError::Differ { what, first: number(first), second: number(other) });
        }
    }
    let shards = complete(&tables)?;
    let samples = count(&tables)?;
    let weights: Vec<f64> =
        tables.iter().map(|table| table.provenance.samples as f64 / samples as f64).collect();
    let provenance = Provenance { samples, shards, ..joined(&tables, &weights) };
    let layers = (0..first.layers.len()).map(|index| layer(&tables, &weights, index)).collect();
    Ok(Table { provenance, layers })
}

fn number(table: &Table) -> u32 {
    table.provenance.shards.first().map_or(0, |shard| shard.index)
}

/// What tells two measurements apart.
fn difference(one: &Table, other: &Table) -> Option<&'static str> {
    let (a, b) = (&one.provenance, &other.provenance);
    let layers = |table: &Table| table.layers.len();
    let same = |get: fn(&LayerTable, &LayerTable) -> bool| {
        one.layers.iter().zip(&other.layers).all(|(one, other)| get(one, other))
    };
    let checks = [
        ("network", a.model_sha256 == b.model_sha256 && a.outputs == b.outputs),
        ("choice of images", a.data_sha256 == b.data_sha256 && a.preprocess == b.preprocess),
        ("number of images", a.images == b.images),
        ("method", a.method == b.method),
        ("number of probes", a.probes == b.probes),
        ("seed", a.seed == b.seed),
        (
            "list of layers",
            layers(one) == layers(other)
                && same(|one, other| {
                    (&one.name, one.shape, one.clip) == (&other.name, other.shape, other.clip)
                }),
        ),
        ("list of sizes", same(|one, other| one.sizes == other.sizes)),
        ("set of windows", same(|one, other| one.windows.len() == other.windows.len())),
        ("number of parts", a.shards.first().map(|shard| shard.of) == b.shards.first().map(|shard| shard.of)),
    ];
    checks.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}

/// All shards in order, each of them once.
fn complete(tables: &[Table]) -> Result<Vec<Shard>, MergeError> {
    let mut shards: Vec<Shard> = tables.iter().flat_map(|table| table.provenance.shards.clone()).collect();
    shards.sort();
    let of = shards.first().map_or(0, |shard| shard.of);
    if of > MAX_SHARDS || shards.iter().any(|shard| shard.of != of || !(1..=of).contains(&shard.index)) {
        return Err(MergeError::Impossible(format!("one counts itself as part beyond {of} or {MAX_SHARDS}")));
    }
    if let Some(pair) = shards.windows(2).find(|pair| pair[0].index == pair[1].index) {
        return Err(MergeError::Twice { index: pair[0].index });
    }
    let has = |index: &u32| shards.binary_search_by_key(index, |shard| shard.index).is_ok();
    let indices: Vec<u32> = (1..=of).filter(|index| !has(index)).collect();
    if indices.is_empty() { Ok(shards) } else { Err(MergeError::Missing { indices, of }) }
}

/// Images of all shards.
fn count(tables: &[Table]) -> Result<u64, MergeError> {
    let sum = tables.iter().try_fold(0u64, |sum, table| sum.checked_add(table.provenance.samples));
    let images = tables.first().map_or(0, |table| table.provenance.images);
    match sum {
        Some(samples) if samples == images && samples > 0 => Ok(samples),
        _ => Err(MergeError::Impossible(format!(
            "they have {} images together, the measurement has {images}",
            sum.map_or("too many".into(), |samples| samples.to_string())
        ))),
    }
}

/// The first shard's provenance with all versions and the output power of all.
fn joined(tables: &[Table], weights: &[f64]) -> Provenance {
    let mut versions: Vec<&str> = tables.iter().map(|table| table.provenance.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let power =
        tables.iter().zip(weights).map(|(table, weight)| table.provenance.output_power * weight).sum();
    Provenance { version: versions.join(", "), output_power: power, ..tables[0].provenance.clone() }
}

fn layer(tables: &[Table], weights: &[f64], index: usize) -> LayerTable {
    let first = &tables[0].layers[index];
    let layers = || tables.iter().map(|table| &table.layers[index]).zip(weights);
    let mean = |get: fn(&LayerTable) -> &Vec<f64>| {
        let mut sums = vec![0.0; first.distortion.len()];
        for (layer, weight) in layers() {
            sums.iter_mut().zip(get(layer)).for_each(|(sum, value)| *sum += value * weight);
        }
        sums
    };
    let mut windows = vec![[0.0; WINDOWS.len()]; first.windows.len()];
    for (layer, weight) in layers() {
        for (sums, values) in windows.iter_mut().zip(&layer.windows) {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value) * weight);
        }
    }
    LayerTable {
        distortion: mean(|layer| &layer.distortion),
        exact: mean(|layer| &layer.exact),
        windows: windows.into_iter().map(|values| values.map(|value| value as f32)).collect(),
        ..first.clone()
    }
}

#[cfg(test)]
mod tests;
