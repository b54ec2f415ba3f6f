//! Who reads what, and until when.

use super::{Graph, NodeId};

impl Graph {
    /// For every node, whether the output depends on it.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        live[self.output.0] = true;
        for (id, node) in self.nodes.iter().enumerate().rev() {
            if live[id] {
                node.inputs.iter().for_each(|input| live[input.0] = true);
            }
        }
        live
    }

    /// For every node, the nodes that read it (twice if it is read twice). The output counts no reader for being the
    /// output.
    pub fn consumers(&self) -> Vec<Vec<NodeId>> {
        let mut readers = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.iter() {
            for input in &node.inputs {
                readers[input.0].push(id);
            }
        }
        readers
    }

    /// For every node, the tensors that nobody reads after it, its own among them if nobody reads that. The output is
    /// never among them.
    pub fn lifetimes(&self) -> Vec<Vec<NodeId>> {
        let mut ended = vec![Vec::new(); self.nodes.len()];
        for ((id, _), readers) in self.iter().zip(self.consumers()) {
            if id != self.output {
                ended[readers.last().copied().unwrap_or(id).0].push(id);
            }
        }
        ended
    }

    /// How many times each tensor is read by a node that the output depends on, being the output included.
    pub fn uses(&self) -> Vec<usize> {
        let live = self.live();
        let mut uses = vec![0; self.nodes.len()];
        uses[self.output.0] = 1;
        for (node, _) in self.nodes.iter().zip(live).filter(|(_, live)| *live) {
            node.inputs.iter().for_each(|input| uses[input.0] += 1);
        }
        uses
    }
}
