//! Scales of the results of products.
//!
//! A product of `x` in units of `s` and a gate in units of `t` that drops `f` bits counts in `s t 2^f`. Ranges say how fine
//! that may be at most; of the fraction bits for which it is not finer in any channel, a product drops as few as there are.
//! Where the format has not as many, the gate becomes coarser: it is to the product what weights are to a linear layer.

use super::super::CompileError;
use super::super::format::Format;
use super::super::net::{Id, Net, Op};
use super::Scales;

/// Rounding of logarithms.
const EXACT: f64 = 1e-9;

impl Scales {
    /// Gives products their fraction bits and their results their scales.
    pub(super) fn derive(&mut self, net: &Net, format: Format) -> Result<(), CompileError> {
        self.fractions = vec![format.fraction; net.nodes.len()];
        let mut bounds = self.classes.clone();
        // A gate that becomes coarser may make those it is computed from coarser.
        for _ in 0..=net.nodes.len() {
            self.classes.clone_from(&bounds);
            match self.coarser(net, format) {
                None => return Ok(()),
                Some(raised) => {
                    raised.into_iter().for_each(|(class, scale)| bounds[class] = bounds[class].max(scale));
                }
            }
        }
        let product = net.nodes.iter().find(|node| node.op.is_product());
        let name = product.map_or("", |node| node.name.as_str());
        let problem = "no scales fit its factors and results: give a format with more fraction bits";
        Err(CompileError::node(name, problem))
    }

    /// Derives all products in order, up to the first that has too few fraction bits: the classes of its gate and what
    /// their scales have to be.
    fn coarser(&mut self, net: &Net, format: Format) -> Option<Vec<(usize, f64)>> {
        for (id, node) in net.nodes.iter().enumerate() {
            let Op::Product { inputs } = node.op else { continue };
            let channels = 0..node.shape.channels as usize;
            let needs: Vec<f64> = channels.clone().map(|channel| self.need(id, inputs, channel)).collect();
            let fraction = needs.iter().fold(0.0, |most: f64, need| most.max((need - EXACT).ceil()));
            if fraction > f64::from(format.fraction) {
                let short = |(channel, need): (usize, &f64)| {
                    let (class, _) = self.ties.class(inputs[1], channel);
                    (class, self.classes[class] * (need - f64::from(format.fraction)).max(0.0).exp2())
                };
                return Some(needs.iter().enumerate().map(short).collect());
            }
            self.fractions[id] = fraction as u8;
            for channel in channels {
                let (class, factor) = self.ties.class(id, channel);
                self.classes[class] = self.unit(inputs, channel) * fraction.exp2() / factor;
            }
        }
        None
    }

    /// How many bits a channel of a product has to drop at least so that its range holds.
    fn need(&self, id: Id, inputs: [Id; 2], channel: usize) -> f64 {
        if self.is_zero(id, channel) {
            return 0.0;
        }
        (self.of(id, channel) / self.unit(inputs, channel)).log2()
    }

    /// What a unit of the exact product is worth.
    fn unit(&self, [x, gate]: [Id; 2], channel: usize) -> f64 {
        self.of(x, channel) * self.of(gate, channel)
    }
}
