//! Published weights: safetensors files and PyTorch checkpoints. Reading runs nothing that a file says.

mod error;
mod file;
mod names;
#[cfg(test)]
mod tests;
mod torchvision;

use std::collections::BTreeMap;
use std::path::Path;

pub use error::WeightsError;

use self::file::Found;
use super::Network;
use super::network::Slot;

impl Network {
    /// Replaces all parameters and statistics by those of a file, a safetensors file or a PyTorch checkpoint (`.pth`,
    /// `.pt`: ZIP, tar and legacy). Returns what was left out, in sentences for the user.
    ///
    /// Tensors may have OpenMMLab's names (`backbone.layer1.0.conv1.weight`) or, for ResNets and MobileNetV2,
    /// torchvision's (`layer1.0.conv1.weight`, `features.18.0.weight`), within whatever scopes a trainer has put them
    /// (`state_dict`, `model`, `module.`, `_orig_mod.`, `net.`, averages over steps). Heads that only help training and counters of batches are left out.
    ///
    /// # Errors
    /// If the file cannot be read, asks for more than tensors, lacks a tensor, has one more, or one of another shape, of
    /// integers, or with values that are not finite. The network then has some tensors of the file: drop it.
    pub fn load(&mut self, path: &Path) -> Result<Vec<String>, WeightsError> {
        file::with_tensors(path, |found| self.fill(&found))
    }

    fn fill(&mut self, found: &BTreeMap<String, Found<'_>>) -> Result<Vec<String>, WeightsError> {
        let slots = self.slots();
        let wanted: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
        let names::Names { mut file_names, notes } =
            names::published(found.keys().map(String::as_str), &wanted)?;
        let missing: Vec<String> = slots
            .iter()
            .map(|slot| &slot.name)
            .filter(|name| !file_names.contains_key(*name))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(WeightsError::Missing(missing));
        }
        for slot in &slots {
            let Some(name) = file_names.remove(&slot.name) else { continue };
            let Some(tensor) = found.get(&name) else { continue };
            let values = read(slot, &name, tensor)?;
            if let Some(place) = self.values(slot) {
                *place = values;
            }
        }
        if !file_names.is_empty() {
            return Err(WeightsError::Surplus(file_names.into_values().collect()));
        }
        self.graph.check()?;
        Ok(notes)
    }
}

fn read(slot: &Slot, name: &str, tensor: &Found<'_>) -> Result<Vec<f32>, WeightsError> {
    if tensor.shape != slot.shape {
        let (given, wanted) = (tensor.shape.clone(), slot.shape.clone());
        return Err(WeightsError::Shape { name: name.into(), given, wanted, scores: slot.is_scores() });
    }
    let values = tensor.values().map_err(|problem| WeightsError::Tensor { name: name.into(), problem })?;
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => {
            Err(WeightsError::Tensor { name: name.into(), problem: format!("one of its values is {value}") })
        }
        None => Ok(values),
    }
}
