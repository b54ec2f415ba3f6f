//! What was measured and chosen, and what that costs: tables.

use super::Chosen;
use super::chosen::full_decisions;
use super::html::Part;
use super::links::{FORMAT, Sent, sent};
use brelu_budget::distortion::{Method, Table};
use brelu_budget::knapsack::Link;
use brelu_networks::blocks::{CostUnit, Origin};
use brelu_networks::numbers::{bytes, count, percent, seconds};

/// A number of any size with three digits.
fn short(value: f64) -> String {
    if value == 0.0 || (0.01..10_000.0).contains(&value.abs()) {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}

/// The network and how it was measured.
pub(super) fn provenance(table: &Table) -> Part {
    let of = &table.provenance;
    let channels: u64 = table.layers.iter().map(|layer| u64::from(layer.shape.channels)).sum();
    let values: usize = table.layers.iter().map(|layer| layer.distortion.len()).sum();
    let exact = table.layers.iter().flat_map(|layer| &layer.exact).filter(|value| !value.is_nan()).count();
    let method = match of.method {
        Method::Exact => "exact: the network was computed for every layer, channel and size",
        Method::Gradient => "gradient: to first order, from gradients of the outputs",
        Method::Hybrid => "hybrid: to first order from gradients, exact near the optimum",
    };
    let probes = if of.probes == 0 { "one for every output element".into() } else { count(of.probes.into()) };
    let pairs = [
        ("Network", of.network.clone()),
        ("Model file", format!("{} (SHA-256 {})", of.model, of.model_sha256)),
        ("Activation layers", format!("{}, {} channels", table.layers.len(), count(channels))),
        ("Sign decisions, one a pixel", count(full_decisions(table))),
        (
            "Values measured",
            format!("{} ({} of them exactly too)", count(values as u64), count(exact as u64)),
        ),
        ("Method", method.into()),
        (
            "Images",
            format!("{} of {} (SHA-256 of the pixels {})", count(of.samples), of.data, of.data_sha256),
        ),
        ("Preprocessing", of.preprocess.clone()),
        ("Probes and seed", format!("{probes}; seed {}", of.seed)),
        ("Output", format!("{} elements, mean square {}", count(of.outputs), short(of.output_power))),
        ("Measured by", format!("brelu {}", of.version)),
    ];
    let head = vec!["Property".to_owned(), "Value".to_owned()];
    let rows = pairs.map(|(name, value)| vec![name.to_owned(), value]);
    Part::Table { rows: std::iter::once(head).chain(rows).collect(), left: 2 }
}

/// The specs: what they may cost and do, and how much they change.
pub(super) fn specs(table: &Table, specs: &[Chosen]) -> Part {
    let head =
        ["Spec", "Budget", "Cost", "DReLUs", "Share", "Distortion", "Of output power", "Measured", "Proof"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for spec in specs {
        let origin = spec.origin.as_ref();
        let unknown = || "unknown".to_owned();
        let decisions = spec.decisions(table);
        let distortion = spec.distortion(table).or(origin.map(|origin| origin.distortion));
        let relative = distortion.filter(|_| table.provenance.output_power > 0.0);
        rows.push(vec![
            spec.name.clone(),
            origin.map_or_else(unknown, |origin| cost(origin.cost_unit, origin.budget)),
            origin.map_or_else(unknown, |origin| cost(origin.cost_unit, origin.cost)),
            count(decisions),
            percent(decisions as f64 / full_decisions(table).max(1) as f64),
            distortion.map_or_else(unknown, short),
            relative.map_or_else(unknown, |value| percent(value / table.provenance.output_power)),
            origin.and_then(|origin| origin.measured).map_or_else(|| "no".into(), short),
            origin.map_or_else(unknown, proof),
        ]);
    }
    Part::Table { rows, left: 1 }
}

fn cost(unit: CostUnit, value: f64) -> String {
    match unit {
        CostUnit::Drelus => count(value.max(0.0) as u64),
        CostUnit::Bytes => bytes(value.max(0.0) as u64),
        CostUnit::Seconds => seconds(value),
    }
}

fn proof(origin: &Origin) -> String {
    match origin.proof {
        proof if proof.optimal => "optimal".into(),
        proof if proof.bound > 0.0 => {
            format!("gap {}", percent((origin.distortion / proof.bound - 1.0).max(0.0)))
        }
        _ => "none".into(),
    }
}

/// Bytes and seconds of the activation layers.
pub(super) fn links(table: &Table, specs: &[Chosen], links: &[Link]) -> Vec<Part> {
    let mut head: Vec<String> =
        ["Sizes", "DReLUs", "Offline", "Online", "All bytes", "Of full"].map(str::to_owned).to_vec();
    head.extend(links.iter().map(ToString::to_string));
    let full = sent(table, None);
    let row = |name: &str, decisions: u64, sent: Sent| {
        let traffic = sent.bytes;
        let share = traffic.total() as f64 / full.bytes.total().max(1) as f64;
        let amounts = [traffic.offline(), traffic.online(), traffic.total()].map(bytes);
        let mut cells = vec![name.to_owned(), count(decisions)];
        cells.extend(amounts);
        cells.push(percent(share));
        cells.extend(links.iter().map(|link| seconds(sent.seconds(*link))));
        cells
    };
    let mut rows = vec![head, row("one a pixel", full_decisions(table), full)];
    rows.extend(specs.iter().map(|spec| row(&spec.name, spec.decisions(table), sent(table, Some(spec)))));
    let text = format!(
        "Activation layers only, all parties, both phases, for one image: rings of K = {} and n = {} bits, windows of \
         {} bits where a spec names none. Seconds = all bytes x 8 / bandwidth + one round trip an activation layer \
         ({} of them). A ReLU with an upper bound decides twice.",
        FORMAT.k, FORMAT.n, FORMAT.w, full.round_trips
    );
    vec![Part::Text(text), Part::Table { rows, left: 1 }]
}
