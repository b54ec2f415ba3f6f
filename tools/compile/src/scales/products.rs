//! Scales and fraction bits of products.
//!
//! A product of `x` in units of `s` and a gate in units of `t` that drops `f` bits counts in `s t 2^f`. Ranges say how fine
//! each of the three may be at most. Where the result's scale is free, `f` is as small as its ranges allow, and its scale
//! what comes out. Where the gate's is, `f` is as large as its ranges allow, and its scale what is left.
//!
//! Where the format has too few fraction bits for a result, the gate becomes coarser.

use super::super::CompileError;
use super::super::format::Format;
use super::super::net::{Id, Net, Op};
use super::super::products::{Free, free};
use super::Scales;

/// Rounding of logarithms.
const EXACT: f64 = 1e-9;

/// Classes that have to be coarser, and the scales they need.
type Raised = Vec<(usize, f64)>;

impl Scales {
    /// Gives products their fraction bits, and what is free of them its scales.
    pub(super) fn derive(&mut self, net: &Net, format: Format) -> Result<(), CompileError> {
        self.fractions = vec![format.fraction; net.nodes.len()];
        let (free, mut bounds) = (free(net, &self.ties), self.classes.clone());
        let mut last = "";
        // A tensor that becomes coarser may make those it is computed from coarser.
        for _ in 0..=2 * net.nodes.len() {
            self.classes.clone_from(&bounds);
            let Some((id, raised)) = self.coarser(net, &free, format) else { return Ok(()) };
            raised.into_iter().for_each(|(class, scale)| bounds[class] = bounds[class].max(scale));
            last = &net.nodes[id].name;
        }
        let problem = "no scales fit its factors and results: give a format with more fraction bits";
        Err(CompileError::node(last, problem))
    }

    /// Derives all products in order, up to the first for which something has to be coarser.
    fn coarser(&mut self, net: &Net, free: &[Option<Free>], format: Format) -> Option<(Id, Raised)> {
        for (id, (node, free)) in net.nodes.iter().zip(free).enumerate() {
            let Op::Product { inputs } = node.op else { continue };
            let needs = (0..node.shape.channels as usize).map(|channel| self.need(id, inputs, channel));
            let needs: Vec<Option<f64>> = needs.collect();
            let raised = match free {
                Some(Free::Gate) => self.gate(id, inputs, &needs, format),
                _ => self.result(id, inputs, &needs, format),
            };
            if let Err(raised) = raised {
                return Some((id, raised));
            }
        }
        None
    }

    /// How many bits a channel of a product drops with these scales; nothing if it is always zero.
    fn need(&self, id: Id, [x, gate]: [Id; 2], channel: usize) -> Option<f64> {
        let exact = self.of(x, channel) * self.of(gate, channel);
        (!self.is_zero(id, channel)).then(|| (self.of(id, channel) / exact).log2())
    }

    /// Gives the result the scale that the factors say.
    fn result(
        &mut self,
        id: Id,
        [x, gate]: [Id; 2],
        needs: &[Option<f64>],
        format: Format,
    ) -> Result<(), Raised> {
        let most = f64::from(format.fraction);
        let fraction = needs.iter().flatten().fold(0.0, |most: f64, need| most.max((need - EXACT).ceil()));
        if fraction > most {
            let missing = |need: &Option<f64>| (need.unwrap_or(0.0) - most).max(0.0);
            return Err(self.coarsened(gate, needs.iter().map(missing)));
        }
        self.fractions[id] = fraction as u8;
        for channel in 0..needs.len() {
            let scale = self.of(x, channel) * self.of(gate, channel) * fraction.exp2();
            self.set(id, channel, scale);
        }
        Ok(())
    }

    /// Gives the gate the scale that `x` and the result leave.
    fn gate(
        &mut self,
        id: Id,
        [x, gate]: [Id; 2],
        needs: &[Option<f64>],
        format: Format,
    ) -> Result<(), Raised> {
        let least = needs.iter().flatten().fold(f64::INFINITY, |least: f64, need| least.min(*need));
        let fraction = (least + EXACT).floor().min(f64::from(format.fraction));
        if fraction < 0.0 {
            let missing = |need: &Option<f64>| (-need.unwrap_or(0.0)).max(0.0);
            return Err(self.coarsened(id, needs.iter().map(missing)));
        }
        self.fractions[id] = fraction as u8;
        for (channel, need) in needs.iter().enumerate().filter(|(_, need)| need.is_some()) {
            debug_assert!(need.is_some_and(|need| need + EXACT >= fraction));
            let scale = self.of(id, channel) / self.of(x, channel) / fraction.exp2();
            self.set(gate, channel, scale);
        }
        Ok(())
    }

    /// The classes of the channels of a tensor, each coarser by as many bits as it is said.
    fn coarsened(&self, id: Id, bits: impl Iterator<Item = f64>) -> Raised {
        let class = |(channel, bits): (usize, f64)| {
            let (class, _) = self.ties.class(id, channel);
            (class, self.classes[class] * bits.exp2())
        };
        bits.enumerate().map(class).collect()
    }

    fn set(&mut self, id: Id, channel: usize, scale: f64) {
        let (class, factor) = self.ties.class(id, channel);
        self.classes[class] = scale / factor;
    }
}
