//! Solutions as spec files.

use super::{KnapsackError, Problem, Solution};
use crate::distortion::{LayerTable, Method};
use brelu_networks::blocks::{self, BlockSize, Origin, Proof, Spec, SpecLayer};

impl Problem<'_> {
    /// The spec of a solution. `budget` is in the solver's numbers; `notes` come after those on data and constraints.
    pub fn spec(&self, solution: &Solution, budget: u64, notes: &[String]) -> Spec {
        let (provenance, scale) = (&self.table.provenance, self.model.scale());
        let origin = Origin {
            model_sha256: provenance.model_sha256.clone(),
            cost_unit: self.model.unit(),
            baseline: self.baseline() as f64 / scale,
            budget: budget as f64 / scale,
            cost: solution.cost as f64 / scale,
            drelus: self.drelus(solution),
            distortion: solution.distortion,
            measured: None,
            proof: Proof { bound: solution.bound, optimal: solution.optimal },
            notes: self.notes().into_iter().chain(notes.iter().cloned()).collect(),
        };
        let numbers = 0..self.table.layers.len();
        Spec {
            format: blocks::FORMAT.into(),
            network: provenance.network.clone(),
            origin: Some(origin),
            layers: numbers.map(|number| self.spec_layer(solution, number)).collect(),
        }
    }

    /// The choices of a spec, of this network, as a solution to start a refinement from. Layers that it does not list
    /// decide every pixel. What its windows are is not taken.
    ///
    /// # Errors
    /// Names the layer whose channels or sizes are not candidates here.
    pub fn start(&self, spec: &Spec) -> Result<Solution, KnapsackError> {
        let layer = |(layer, own): (&LayerTable, &super::problem::Layer)| {
            let refuse = |what: String| KnapsackError::Start(format!("in layer {}, {what}", layer.name));
            let count = layer.shape.channels as usize;
            let sizes = match spec.layer(&layer.name) {
                Some(listed) => listed.channels.iter().map(|choice| choice.block).collect(),
                None => vec![BlockSize::RELU; count],
            };
            if sizes.len() != count {
                return Err(refuse(format!("it has {} channels, the table {count}", sizes.len())));
            }
            let at = |size: &BlockSize| own.allowed.iter().copied().find(|at| layer.sizes[*at] == *size);
            let missing = |size| refuse(format!("{size} is no candidate: allow it, or take another start"));
            sizes.iter().map(|size| at(size).ok_or_else(|| missing(size))).collect()
        };
        let choices: Vec<Vec<usize>> = self.pairs().map(layer).collect::<Result<_, _>>()?;
        Ok(self.with_choices(Solution::default(), choices))
    }

    fn spec_layer(&self, solution: &Solution, number: usize) -> SpecLayer {
        let layer = &self.table.layers[number];
        let format = self.format(solution, number);
        let choice = |(channel, at): (usize, &usize)| blocks::Choice {
            channel: channel as u32,
            block: layer.sizes[*at],
            cost: self.model.cost(layer, layer.sizes[*at], format) as f64 / self.model.scale(),
            distortion: self.distortion(solution, layer, number, channel),
        };
        let shape = layer.shape;
        SpecLayer {
            name: layer.name.clone(),
            shape: Some([shape.channels, shape.height, shape.width]),
            window: solution.windows.as_ref().map(|windows| windows[number]),
            channels: solution.choices[number].iter().enumerate().map(choice).collect(),
        }
    }

    /// What a channel's choice adds to the distortion, its layer's window included if that was chosen.
    pub(super) fn distortion(
        &self,
        solution: &Solution,
        layer: &LayerTable,
        number: usize,
        channel: usize,
    ) -> f64 {
        let at = solution.choices[number][channel];
        let window = solution.windows.as_ref().map(|windows| windows[number]);
        super::windows::value(layer, channel, at, window)
    }

    /// What the distortions are of, and the constraints.
    fn notes(&self) -> Vec<String> {
        let provenance = &self.table.provenance;
        let method = match provenance.method {
            Method::Exact => "computed exactly",
            Method::Gradient => "estimated to first order",
            Method::Hybrid => "estimated to first order, computed exactly near the optimum",
        };
        let data = format!("distortions {method} on {} images of {}", provenance.samples, provenance.data);
        std::iter::once(data).chain(self.constraints.notes()).collect()
    }
}
