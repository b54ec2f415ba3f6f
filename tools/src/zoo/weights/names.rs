//! From the names of tensors in files to those of OpenMMLab.

use std::collections::BTreeMap;

use super::{WeightsError, torchvision};

/// Where checkpoints keep the tensors of the network, beside those of an optimiser.
const CONTAINERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model_state.", "model."];
/// Heads that only help training.
const AUXILIARY: [&str; 3] = ["auxiliary_head.", "aux_classifier.", "aux_head."];

/// The tensors of the network.
#[derive(Debug)]
pub(super) struct Names {
    /// OpenMMLab's name to the file's.
    pub(super) file_names: BTreeMap<String, String>,
    /// What was left out, in sentences.
    pub(super) notes: Vec<String>,
}

/// Finds the tensors of the network among all of the file.
pub(super) fn published<'a>(names: impl Iterator<Item = &'a str>) -> Result<Names, WeightsError> {
    let all: Vec<&str> = names.collect();
    let (mut tensors, mut notes) = inside(&all);
    if tensors.iter().all(|(name, _)| name.starts_with("module.")) {
        tensors.iter_mut().for_each(|(name, _)| *name = &name["module.".len()..]);
    }
    leave_out(&mut tensors, &mut notes, "counters of batches (num_batches_tracked)", |name| {
        name == "num_batches_tracked" || name.ends_with(".num_batches_tracked")
    });
    for head in AUXILIARY {
        let what = format!("tensors of {}, which only helps training", head.trim_end_matches('.'));
        leave_out(&mut tensors, &mut notes, &what, |name| name.starts_with(head));
    }
    if tensors.is_empty() {
        return Err(WeightsError::Empty);
    }
    let is_torchvision = !tensors.iter().any(|(name, _)| name.starts_with("backbone."));
    let own = |name: &str| if is_torchvision { torchvision::published(name) } else { name.to_owned() };
    let file_names = tensors.into_iter().map(|(name, file)| (own(name), file.to_owned())).collect();
    Ok(Names { file_names, notes })
}

/// Names within the container, if there is one, with the names in the file.
fn inside<'a>(all: &[&'a str]) -> (Vec<(&'a str, &'a str)>, Vec<String>) {
    for container in CONTAINERS {
        let within: Vec<_> =
            all.iter().filter_map(|name| Some((name.strip_prefix(container)?, *name))).collect();
        if !within.is_empty() {
            let others = all.len() - within.len();
            let note = format!("left out: {others} tensors outside {}", container.trim_end_matches('.'));
            return (within, if others > 0 { vec![note] } else { Vec::new() });
        }
    }
    (all.iter().map(|name| (*name, *name)).collect(), Vec::new())
}

fn leave_out(
    tensors: &mut Vec<(&str, &str)>,
    notes: &mut Vec<String>,
    what: &str,
    is: impl Fn(&str) -> bool,
) {
    let before = tensors.len();
    tensors.retain(|(name, _)| !is(name));
    if before > tensors.len() {
        notes.push(format!("left out: {} {what}", before - tensors.len()));
    }
}
