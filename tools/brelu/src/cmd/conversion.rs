//! Networks made cheaper to compute in private: options that several commands share.

use anyhow::Result;
use brelu_networks::graph::convert::{Conversion, bounded_to_relu, max_pools_to_average};
use brelu_networks::graph::{Graph, GraphError};
use clap::Args;

/// Names of changed nodes that are all said.
const SHOWN: usize = 8;

/// What takes the place of operations that cost much.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ConversionArgs {
    /// Average pooling in the place of max-pooling, to be finetuned
    #[arg(long)]
    pub(crate) average_pool: bool,

    /// ReLU in the place of bounded ReLU (ReLU6), to be finetuned
    #[arg(long)]
    pub(crate) relu: bool,
}

impl ConversionArgs {
    /// Whether anything is to be changed.
    pub(crate) const fn any(self) -> bool {
        self.average_pool || self.relu
    }

    /// Makes the changes in the network of a file as it is there: simplified ones may pool before an activation that came
    /// first, which only maxima allow. Says what was changed.
    pub(crate) fn convert(self, mut graph: Graph) -> Result<(Graph, Vec<String>)> {
        type Convert = fn(&Graph) -> Result<Conversion, GraphError>;
        let conversions: [(bool, &str, Convert); 2] = [
            (self.average_pool, "average pooling", max_pools_to_average),
            (self.relu, "ReLU without a bound", bounded_to_relu),
        ];
        let mut changes = Vec::new();
        for (_, what, convert) in conversions.into_iter().filter(|(wanted, ..)| *wanted) {
            let conversion = convert(&graph)?;
            graph = conversion.graph;
            changes.push(match conversion.changed.as_slice() {
                [] => format!("{what}: nowhere, the network has nothing of the kind"),
                [first, .., last] if conversion.changed.len() > SHOWN => {
                    format!("{what}: {} nodes, {first} to {last}", conversion.changed.len())
                }
                names => format!("{what}: {}", names.join(", ")),
            });
        }
        Ok((graph, changes))
    }
}
