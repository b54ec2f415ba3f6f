//! From the names of tensors in files to those of OpenMMLab.

use std::collections::{BTreeMap, HashSet};

use super::{WeightsError, torchvision};

/// Where checkpoints keep the tensors of the network, beside those of an optimiser.
const CONTAINERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model_state.", "model."];
/// What is put before the names of a network that is wrapped.
const WRAPPERS: [&str; 5] = ["module.", "_orig_mod.", "model.", "net.", "network."];
/// Words for averages over training steps.
const AVERAGES: [&str; 5] = ["ema", "averaged", "average", "swa", "shadow"];
/// Most scopes around a tensor.
const DEEPEST: usize = 8;
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

/// Finds the tensors of the network, of which OpenMMLab's names are `wanted`, among all of the file.
///
/// Trainers wrap networks, and the names of tensors tell of it: `module.` (several devices), `_orig_mod.` (compiled),
/// `model.` and `net.` (Lightning), `model_ema.` (averages over steps), each within the other. Whatever the names of
/// such scopes are, the network is the one that holds all tensors it needs: of several the plain one, else an average.
pub(super) fn published<'a>(
    names: impl Iterator<Item = &'a str>,
    wanted: &[&str],
) -> Result<Names, WeightsError> {
    let all: Vec<&str> = names.collect();
    let mut notes = Vec::new();
    let mut tensors = match complete(&all, wanted).as_slice() {
        [] => likely(&all, &mut notes),
        [scope, others @ ..] => {
            outside(&all, scope, others, &mut notes);
            within(&all, scope)
        }
    };
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
    let file_names =
        own_names(&tensors).into_iter().zip(tensors.iter().map(|(_, file)| (*file).to_owned())).collect();
    Ok(Names { file_names, notes })
}

/// Names without their scope, with those of the file.
type Tensors<'a> = Vec<(&'a str, &'a str)>;

fn within<'a>(all: &[&'a str], scope: &str) -> Tensors<'a> {
    all.iter().filter_map(|name| Some((name.strip_prefix(scope)?, *name))).collect()
}

/// OpenMMLab's names.
fn own_names(tensors: &Tensors<'_>) -> Vec<String> {
    let is_torchvision = !tensors.iter().any(|(name, _)| name.starts_with("backbone."));
    let own = |name: &str| if is_torchvision { torchvision::published(name) } else { name.to_owned() };
    tensors.iter().map(|(name, _)| own(name)).collect()
}

/// The scopes that hold all tensors of the network, the best first.
fn complete<'a>(all: &[&'a str], wanted: &[&str]) -> Vec<&'a str> {
    let mut scopes: BTreeMap<&str, Tensors<'a>> = BTreeMap::new();
    for name in all {
        let ends = name.match_indices('.').map(|(at, _)| at + 1).take(DEEPEST);
        for end in std::iter::once(0).chain(ends) {
            scopes.entry(&name[..end]).or_default().push((&name[end..], name));
        }
    }
    scopes.retain(|_, tensors| {
        let names: HashSet<String> = own_names(tensors).into_iter().collect();
        !wanted.is_empty() && wanted.iter().all(|name| names.contains(*name))
    });
    let mut found: Vec<&str> = scopes.into_keys().collect();
    found.sort_by_key(|scope| (is_average(scope), scope.len()));
    found
}

/// Whether a scope is called after an average over training steps.
fn is_average(scope: &str) -> bool {
    scope.split(['.', '_']).any(|word| AVERAGES.contains(&word))
}

/// Says what else there is in the file.
fn outside(all: &[&str], scope: &str, others: &[&str], notes: &mut Vec<String>) {
    let others: Vec<&&str> =
        others.iter().filter(|other| !other.starts_with(scope) && !scope.starts_with(**other)).collect();
    for other in &others {
        let (count, name) = (within(all, other).len(), other.trim_end_matches('.'));
        notes.push(format!("left out: {count} tensors of {name}, which are a whole network as well"));
    }
    let inside =
        |name: &&&str| name.starts_with(scope) || others.iter().any(|other| name.starts_with(**other));
    let rest = all.len() - all.iter().filter(inside).count();
    if rest > 0 {
        notes.push(format!("left out: {rest} tensors outside {}", scope.trim_end_matches('.')));
    }
}

/// The tensors of a file that does not hold all of the network, for a message that says which.
fn likely<'a>(all: &[&'a str], notes: &mut Vec<String>) -> Tensors<'a> {
    let mut scope = String::new();
    if let Some(container) = CONTAINERS.iter().find(|container| !within(all, container).is_empty()) {
        outside(all, container, &[], notes);
        scope += container;
    }
    let mut tensors = within(all, &scope);
    while let Some(wrapper) =
        WRAPPERS.iter().find(|wrapper| tensors.iter().all(|(name, _)| name.starts_with(**wrapper)))
        && !tensors.is_empty()
    {
        scope += wrapper;
        tensors = within(all, &scope);
    }
    tensors
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
