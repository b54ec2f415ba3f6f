//! A spec beside the table it was chosen from.

use super::FigureError;
use brelu_budget::distortion::{LayerTable, Table};
use brelu_networks::blocks::{BlockSize, Origin, Spec, SpecLayer};

/// A spec that fits a table: one size for every channel of every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// What the report calls it.
    pub name: String,
    /// How it was found, if that is known.
    pub origin: Option<Origin>,
    /// Sizes of the channels of each layer of the table.
    pub sizes: Vec<Vec<BlockSize>>,
    /// Width of the comparison window of each layer in bits, where it was chosen.
    pub windows: Vec<Option<u8>>,
}

impl Chosen {
    /// Puts `spec` beside the layers of `table`; layers that it does not list keep one decision a pixel.
    ///
    /// # Errors
    /// If the spec is of another network, or does not fit a layer.
    pub fn new(name: &str, spec: &Spec, table: &Table) -> Result<Self, FigureError> {
        let refuse = |problem: String| FigureError::Spec { spec: name.into(), problem };
        check(spec, table).map_err(refuse)?;
        let (mut sizes, mut windows) = (Vec::new(), Vec::new());
        for layer in &table.layers {
            let listed = spec.layer(&layer.name);
            sizes.push(chosen(listed, layer).map_err(refuse)?);
            windows.push(listed.and_then(|listed| listed.window));
        }
        Ok(Self { name: name.into(), origin: spec.origin.clone(), sizes, windows })
    }

    /// Sign decisions of layer `index`.
    pub fn layer_decisions(&self, table: &Table, index: usize) -> u64 {
        let shape = table.layers[index].shape;
        self.sizes[index].iter().map(|size| size.decisions(shape)).sum()
    }

    /// Sign decisions of the network.
    pub fn decisions(&self, table: &Table) -> u64 {
        (0..self.sizes.len()).map(|index| self.layer_decisions(table, index)).sum()
    }

    /// Sum of the table's distortions, if it has all chosen sizes.
    pub fn distortion(&self, table: &Table) -> Option<f64> {
        let layers = table.layers.iter().zip(&self.sizes);
        let values = layers.flat_map(|(layer, sizes)| {
            sizes.iter().enumerate().map(|(channel, size)| {
                let candidate = layer.sizes.iter().position(|listed| listed == size)?;
                Some(layer.best(channel, candidate))
            })
        });
        values.sum()
    }
}

/// Sign decisions of a network that decides every pixel.
pub(super) fn full_decisions(table: &Table) -> u64 {
    table.layers.iter().map(|layer| layer.shape.len() as u64).sum()
}

fn check(spec: &Spec, table: &Table) -> Result<(), String> {
    let measured = &table.provenance.model_sha256;
    if let Some(origin) = spec.origin.as_ref().filter(|origin| origin.model_sha256 != *measured) {
        return Err(format!(
            "it was chosen for the network with SHA-256 {:.12}, the table measures {measured:.12}",
            origin.model_sha256
        ));
    }
    let known = |listed: &&SpecLayer| table.layers.iter().any(|layer| layer.name == listed.name);
    match spec.layers.iter().find(|listed| !known(listed)) {
        Some(listed) => Err(format!("it lists the layer {}, the table has none of that name", listed.name)),
        None => Ok(()),
    }
}

fn chosen(listed: Option<&SpecLayer>, layer: &LayerTable) -> Result<Vec<BlockSize>, String> {
    let (name, shape) = (&layer.name, layer.shape);
    let count = shape.channels as usize;
    let Some(listed) = listed else { return Ok(vec![BlockSize::RELU; count]) };
    let own = [shape.channels, shape.height, shape.width];
    if listed.channels.len() != count || listed.shape.is_some_and(|given| given != own) {
        return Err(format!("layer {name} is {own:?} in the table"));
    }
    let sizes: Vec<BlockSize> = listed.channels.iter().map(|choice| choice.block).collect();
    match sizes.iter().find(|size| size.decides() && !size.fits(shape)) {
        Some(size) => Err(format!("blocks of {size} are larger than the map of layer {name}")),
        None => Ok(sizes),
    }
}
