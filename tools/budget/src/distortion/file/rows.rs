//! Tables as rows and back.

use std::collections::HashSet;

use brelu_core::geometry::Shape;

use super::super::{LayerTable, Table, WINDOWS};
use brelu_networks::blocks::BlockSize;

/// Most elements a layer may have, as for tensors of networks.
const MAX_ELEMENTS: u64 = brelu_networks::graph::MAX_TENSOR_LEN;

/// One value of a table, with everything that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row<Name> {
    pub(super) layer: Name,
    pub(super) layer_index: u32,
    pub(super) channel: u32,
    pub(super) shape: Shape,
    pub(super) clip: Option<f32>,
    pub(super) size: BlockSize,
    pub(super) drelus: u64,
    pub(super) distortion: f64,
    pub(super) exact: Option<f64>,
    pub(super) windows: [Option<f32>; WINDOWS.len()],
}

/// Refuses tables that rows cannot tell apart or would lose.
pub(super) fn check(table: &Table) -> Result<(), String> {
    for layer in &table.layers {
        let name = &layer.name;
        check_shape(layer.shape).map_err(|problem| format!("layer {name}: {problem}"))?;
        let mut seen = HashSet::new();
        if let Some(size) = layer.sizes.iter().find(|size| !size.is_valid() || !seen.insert(**size)) {
            return Err(format!("layer {name} lists the size {size} twice, or it is no size"));
        }
        if layer.windows.iter().flatten().any(|value| !value.is_finite()) {
            return Err(format!("layer {name} has a window whose distortion is no number"));
        }
    }
    Ok(())
}

fn check_shape(shape: Shape) -> Result<(), String> {
    let plane = u64::from(shape.height) * u64::from(shape.width);
    let elements = plane.checked_mul(shape.channels.into()).filter(|len| (1..=MAX_ELEMENTS).contains(len));
    elements.map(drop).ok_or_else(|| {
        format!("{}x{}x{} is no possible shape of a layer", shape.channels, shape.height, shape.width)
    })
}

/// The rows of a checked table in their order.
pub(super) fn of(table: &Table) -> impl Iterator<Item = Row<&str>> {
    (0u32..)
        .zip(&table.layers)
        .flat_map(|(index, layer)| (0..layer.distortion.len()).map(move |at| layer_row(index, layer, at)))
}

fn layer_row(layer_index: u32, layer: &LayerTable, at: usize) -> Row<&str> {
    let size = layer.sizes[at % layer.sizes.len()];
    Row {
        layer: &layer.name,
        layer_index,
        channel: (at / layer.sizes.len()) as u32,
        shape: layer.shape,
        clip: layer.clip,
        size,
        drelus: size.decisions(layer.shape),
        distortion: layer.distortion[at],
        exact: Some(layer.exact[at]).filter(|exact| !exact.is_nan()),
        windows: layer.windows.get(at).map_or([None; WINDOWS.len()], |windows| windows.map(Some)),
    }
}

/// Makes layers of rows that come in their order.
#[derive(Debug, Default)]
pub(super) struct Builder {
    layers: Vec<LayerTable>,
    /// Sizes of the layer that is being read.
    seen: HashSet<BlockSize>,
}

impl Builder {
    /// Takes the next row.
    pub(super) fn push<Name: AsRef<str>>(&mut self, row: &Row<Name>) -> Result<(), String> {
        if row.layer_index as usize == self.layers.len() {
            self.begin(row)?;
        }
        let current = row.layer_index as usize + 1 == self.layers.len();
        let layer = self.layers.last_mut().filter(|_| current).ok_or("its layers are not in order")?;
        let described = (layer.name.as_str(), layer.shape, layer.clip);
        if described != (row.layer.as_ref(), row.shape, row.clip) {
            return Err("it has another name, shape or bound than the layer's first row".into());
        }
        place(layer, &mut self.seen, row)?;
        fill(layer, row)
    }

    fn begin<Name: AsRef<str>>(&mut self, row: &Row<Name>) -> Result<(), String> {
        self.complete()?;
        check_shape(row.shape)?;
        self.seen.clear();
        self.layers.push(LayerTable {
            name: row.layer.as_ref().into(),
            shape: row.shape,
            clip: row.clip,
            sizes: Vec::new(),
            distortion: Vec::new(),
            exact: Vec::new(),
            windows: Vec::new(),
        });
        Ok(())
    }

    /// Refuses a last layer whose rows are not all there.
    fn complete(&self) -> Result<(), String> {
        let Some(layer) = self.layers.last() else { return Ok(()) };
        let (sizes, channels) = (layer.sizes.len(), layer.shape.channels as usize);
        let (given, wanted) = (layer.distortion.len(), sizes * channels);
        match given == wanted {
            true => Ok(()),
            false => Err(format!(
                "layer {} has {given} rows, its {channels} channels and {sizes} sizes need {wanted}: rows are missing",
                layer.name
            )),
        }
    }

    /// The layers, when all rows were given.
    pub(super) fn finish(self) -> Result<Vec<LayerTable>, String> {
        self.complete()?;
        Ok(self.layers)
    }
}

/// Refuses a row that is not the next of its layer: channel 0 names the sizes, the others repeat them.
fn place<Name>(layer: &mut LayerTable, seen: &mut HashSet<BlockSize>, row: &Row<Name>) -> Result<(), String> {
    let at = layer.distortion.len();
    if row.channel == 0 && at == layer.sizes.len() {
        if !row.size.is_valid() || !seen.insert(row.size) {
            return Err(format!("the size {} is listed twice, or it is no size", row.size));
        }
        layer.sizes.push(row.size);
    }
    let sizes = layer.sizes.len().max(1);
    let (channel, size) = (at / sizes, layer.sizes.get(at % sizes));
    if channel >= layer.shape.channels as usize || (row.channel as usize, Some(&row.size)) != (channel, size)
    {
        return Err(format!(
            "channel {} with blocks of {} stands where another row belongs: rows are missing, doubled or out of order",
            row.channel, row.size
        ));
    }
    Ok(())
}

fn fill<Name>(layer: &mut LayerTable, row: &Row<Name>) -> Result<(), String> {
    if row.drelus != row.size.decisions(row.shape) {
        return Err(format!("blocks of {} do not take {} decisions", row.size, row.drelus));
    }
    if row.exact.is_some_and(f64::is_nan) || row.windows.iter().flatten().any(|value| !value.is_finite()) {
        return Err("a distortion is no number".into());
    }
    let given: Vec<f32> = row.windows.iter().copied().flatten().collect();
    match <[f32; WINDOWS.len()]>::try_from(given.as_slice()) {
        Ok(windows) if layer.windows.len() == layer.distortion.len() => layer.windows.push(windows),
        Err(_) if given.is_empty() && layer.windows.is_empty() => {}
        _ => return Err("windows are given in some rows of the layer only".into()),
    }
    layer.distortion.push(row.distortion);
    layer.exact.push(row.exact.unwrap_or(f64::NAN));
    Ok(())
}
