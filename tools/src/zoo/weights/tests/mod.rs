mod fixture;

use std::fs;
use std::path::PathBuf;

use brelu_core::geometry::Shape;
use half::f16;
use safetensors::{Dtype, serialize, tensor::TensorView};
use tempfile::TempDir;

use self::fixture::{Item, checkpoint, pickle};
use super::super::{Network, Options, network};
use super::*;

fn tiny(seed: Option<u64>) -> Network {
    let input = Some(Shape::new(3, 8, 8));
    network("resnet8", &Options { seed, input, classes: Some(3), width: 0.01 }).unwrap()
}

/// A network whose statistics are not those of a new one either.
fn trained() -> Network {
    let mut trained = tiny(Some(5));
    for (number, slot) in trained.slots().iter().enumerate() {
        let values = trained.values(slot).unwrap();
        let generated = (0..values.len()).map(|at| ((number * 31 + at * 7) % 97) as f32 / 64.0 + 0.125);
        *values = generated.collect();
    }
    trained
}

/// Name, sizes and values of all tensors of a network.
fn tensors(mut network: Network) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let slots = network.slots();
    slots
        .into_iter()
        .map(|slot| (slot.name.clone(), slot.shape.clone(), network.values(&slot).unwrap().clone()))
        .collect()
}

/// As [`tensors`], as items of a checkpoint.
fn items(rename: impl Fn(&str) -> String) -> Vec<Item> {
    tensors(trained())
        .into_iter()
        .map(|(name, shape, values)| Item::floats(&rename(&name), &shape, &values))
        .collect()
}

fn torchvision(name: &str) -> String {
    name.trim_start_matches("backbone.").trim_start_matches("head.").to_owned()
}

/// A file in a folder that is removed with the value.
fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn load(bytes: &[u8]) -> Result<(Network, Vec<String>), WeightsError> {
    let (_folder, path) = written(bytes);
    let mut network = tiny(None);
    let notes = network.load(&path)?;
    Ok((network, notes))
}

fn problem(bytes: &[u8]) -> String {
    let problem = load(bytes).map(|_| ()).unwrap_err().to_string();
    assert_eq!(problem.lines().count(), 1, "{problem}");
    problem
}

fn safetensors(tensors: &[(String, Vec<usize>, Dtype, Vec<u8>)]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, shape, kind, bytes)| {
        (name.as_str(), TensorView::new(*kind, shape.clone(), bytes).unwrap())
    });
    serialize(views, None).unwrap()
}

fn all_safetensors() -> Vec<(String, Vec<usize>, Dtype, Vec<u8>)> {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensors(trained())
        .into_iter()
        .map(|(name, shape, values)| (name, shape, Dtype::F32, bytes(&values)))
        .collect()
}

#[test]
fn safetensors_become_parameters() {
    let mut tensors = all_safetensors();
    // Values are sixty-fourths: half precision holds them.
    for (_, _, kind, bytes) in tensors.iter_mut().step_by(2) {
        let values = bytes.as_chunks().0.iter().map(|bytes| f16::from_f32(f32::from_le_bytes(*bytes)));
        (*kind, *bytes) = (Dtype::F16, values.flat_map(f16::to_le_bytes).collect());
    }
    let counter = ("backbone.bn1.num_batches_tracked".into(), vec![], Dtype::I64, vec![9; 8]);
    let auxiliary = ("auxiliary_head.conv_seg.bias".into(), vec![1], Dtype::F32, vec![0; 4]);
    tensors.extend([counter, auxiliary]);
    let (network, notes) = load(&safetensors(&tensors)).unwrap();
    assert_eq!(network.graph, trained().graph);
    assert_eq!(
        notes,
        [
            "left out: 1 counters of batches (num_batches_tracked)",
            "left out: 1 tensors of auxiliary_head, which only helps training"
        ]
    );
}

#[test]
fn checkpoints_become_parameters() {
    let optimiser = Item::floats("optimizer.momentum", &[1], &[1.0]);
    let nested = |container: &str, rename: &dyn Fn(&str) -> String| {
        items(rename).into_iter().map(|item| item.inside(container)).collect::<Vec<_>>()
    };
    for (name, items) in [
        ("OpenMMLab", items(str::to_owned)),
        ("torchvision", items(torchvision)),
        ("state_dict", [nested("state_dict", &str::to_owned), vec![optimiser]].concat()),
        ("model", nested("model", &|name| format!("module.{name}"))),
    ] {
        let (network, notes) = load(&checkpoint(&items)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(network.graph, trained().graph, "{name}");
        assert_eq!(notes.len(), usize::from(name == "state_dict"), "{name}: {notes:?}");
    }
}

#[test]
fn scopes_of_trainers_are_found() {
    let scoped =
        |scope: &str, rename: &dyn Fn(&str) -> String| items(|name| format!("{scope}{}", rename(name)));
    let inside = |container: &str, items: Vec<Item>| {
        items.into_iter().map(|item| item.inside(container)).collect::<Vec<_>>()
    };
    // Averages that are not the network's weights.
    let average = |scope: &str| -> Vec<Item> {
        let zeros = |(name, shape, values): (String, Vec<usize>, Vec<f32>)| {
            Item::floats(&format!("{scope}{name}"), &shape, &vec![0.5; values.len()])
        };
        tensors(trained()).into_iter().map(zeros).collect()
    };
    let other = |name: &str| Item::floats(name, &[1], &[1.0]);
    for (file, notes) in [
        (scoped("module.", &torchvision), vec![]),
        (scoped("_orig_mod.", &torchvision), vec![]),
        (scoped("module._orig_mod.", &str::to_owned), vec![]),
        (scoped("net.", &torchvision), vec![]),
        (scoped("model.module.net.", &torchvision), vec![]),
        (scoped("student.encoder.", &torchvision), vec![]),
        (
            inside("state_dict", [scoped("model.", &torchvision), vec![other("criterion.weight")]].concat()),
            vec!["left out: 1 tensors outside state_dict.model"],
        ),
        (
            [average("model_ema."), scoped("model.", &str::to_owned), vec![other("n_averaged")]].concat(),
            vec![
                "left out: 47 tensors of model_ema, which are a whole network as well",
                "left out: 1 tensors outside model",
            ],
        ),
        (
            [inside("state_dict", items(str::to_owned)), average("state_dict_ema.module.")].concat(),
            vec!["left out: 47 tensors of state_dict_ema.module, which are a whole network as well"],
        ),
        (
            [scoped("ema_model.module.", &torchvision), vec![other("step")]].concat(),
            vec!["left out: 1 tensors outside ema_model.module"],
        ),
    ] {
        let count = tensors(trained()).len();
        let (network, found) = load(&checkpoint(&file)).unwrap_or_else(|error| panic!("{notes:?}: {error}"));
        assert_eq!(network.graph, trained().graph, "{notes:?}");
        assert_eq!(
            found,
            notes.iter().map(|note| note.replace("47", &count.to_string())).collect::<Vec<_>>()
        );
    }
    // What is missing is named without its scope.
    let mut cut = scoped("net.", &torchvision);
    cut.drain(..2);
    assert!(problem(&checkpoint(&cut)).contains("the weights lack backbone.conv1.weight and 1 more"));
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let changed = |change: &dyn Fn(&mut Vec<Item>)| {
        let mut items = items(str::to_owned);
        change(&mut items);
        problem(&checkpoint(&items))
    };
    let last = |items: &mut Vec<Item>, item: Item| *items.last_mut().unwrap() = item;
    for (found, words) in [
        (
            changed(&|items| drop(items.drain(..2))),
            "the weights lack backbone.conv1.weight and 1 more: they are of another network",
        ),
        (
            changed(&|items| items.push(Item::floats("neck.weight", &[1], &[1.0]))),
            "the weights have neck.weight, which the network does not: they are of another network",
        ),
        (
            changed(&|items| last(items, Item::floats("head.fc.bias", &[4], &[0.0; 4]))),
            "the tensor head.fc.bias is [4], the network needs [3]: ask for a network of 4 classes",
        ),
        (
            changed(&|items| items[1] = Item::floats("backbone.bn1.weight", &[2, 4], &[1.0; 8])),
            "the tensor backbone.bn1.weight is [2, 4], the network needs [8]: the weights are of another network",
        ),
        (
            changed(&|items| items[1] = Item::longs("backbone.bn1.weight", &[8], &[1; 8])),
            "the tensor backbone.bn1.weight cannot be used: its values are of type I64, not floating point",
        ),
        (
            changed(&|items| items[1] = Item::floats("backbone.bn1.weight", &[8], &[f32::NAN; 8])),
            "the tensor backbone.bn1.weight cannot be used: one of its values is NaN",
        ),
        (
            changed(&|items| items[4] = Item::floats("backbone.bn1.running_var", &[8], &[-1.0; 8])),
            "node \"stem.norm\": the variance -1 of channel 0 is not positive",
        ),
        (changed(&|items| items.clear()), "the weights hold no tensors"),
    ] {
        assert!(found.contains(words), "{found}");
    }
    let integers = safetensors(&[("fc.weight".into(), vec![1], Dtype::I64, vec![0; 8])]);
    assert!(problem(&integers).contains("the weights lack backbone.conv1.weight"));
}

#[test]
fn calls_are_refused_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("ran");
    let command = format!("touch {}", marker.display());
    let call = Item::call("posix\nsystem", &command);
    let beside = [items(str::to_owned), vec![call.clone()]].concat();
    for bytes in [checkpoint(std::slice::from_ref(&call)), checkpoint(&beside), pickle(&[call])] {
        let problem = problem(&bytes);
        assert!(problem.contains("would run posix.system if Python loaded them"), "{problem}");
    }
    // A pickle that is nothing but a call.
    let whole = [b"\x80\x02cposix\nsystem\n(U", [command.len() as u8].as_slice(), command.as_bytes(), b"tR."]
        .concat();
    assert!(problem(&whole).contains("would run posix.system"));
    assert!(!marker.exists());
}

#[test]
fn damaged_files_are_refused_with_a_sentence() {
    let good = checkpoint(&items(str::to_owned));
    let tensors = safetensors(&all_safetensors());
    for (bytes, words) in [
        (&good[..good.len() / 2], "cannot read the weights"),
        (&good[..100], "cannot read the weights"),
        (&tensors[..tensors.len() - 1], "it is a damaged safetensors file"),
        (&tensors[..40], "it is a damaged safetensors file"),
        (b"not weights at all", "cannot read the weights"),
        (b"", "cannot read the weights"),
    ] {
        let problem = problem(bytes);
        assert!(problem.contains(words), "{problem}");
    }
    let missing = tiny(None).load(&PathBuf::from("nowhere.pth")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the weights nowhere.pth: "), "{missing}");
}
