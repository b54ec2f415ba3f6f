//! Files that other programs write in formats which can carry programs: PyTorch checkpoints, safetensors files, pickled
//! block specs. Any content is refused in words or gives a network that computes, and nothing in it is run.
#![no_main]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use brelu_core::geometry::Shape;
use brelu_networks::graph::Executor;
use brelu_networks::zoo::{Network, Options, network};

use brelu_checkpoints::spec;
use libfuzzer_sys::fuzz_target;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Storages of every checkpoint that a pickle is put into.
const STORAGES: usize = 64;
/// Bytes of each.
const STORAGE: usize = 2304;

static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a temporary folder").keep().join("weights")
});

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let input = Some(Shape::new(3, 8, 8));
    let sizes = Options { seed: Some(1), input, classes: Some(3), width: 0.01 };
    network("resnet8", &sizes).expect("a network")
});

/// A checkpoint with this pickle. Its storages are floats around one.
fn checkpoint(pickle: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut file = |name: &str, bytes: &[u8]| {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(format!("archive/{name}"), options).expect("a file");
        zip.write_all(bytes).expect("its bytes");
    };
    let values = |seed: usize| (0..STORAGE / 4).map(move |at| ((at * 37 + seed) % 29) as f32 / 29.0 + 0.5);
    file("data.pkl", pickle);
    for key in 0..STORAGES {
        file(&format!("data/{key}"), &values(key).flat_map(f32::to_le_bytes).collect::<Vec<_>>());
    }
    file("version", b"3\n");
    zip.finish().expect("an archive").into_inner()
}

fn weights(file: &[u8]) {
    fs::write(&*PATH, file).expect("a file");
    let mut network = NETWORK.clone();
    match brelu_checkpoints::load(&mut network, &PATH) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(_) => {
            let image = vec![0.5; network.graph.input_shape().len()];
            let executor = Executor::new(&network.graph).expect("it was checked");
            assert_eq!(executor.run(&image).expect("the input's length").len(), 3);
        }
    }
}

fn blocks(pickle: &[u8]) {
    match spec::convert(pickle, &NETWORK) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(converted) => converted.spec.check_for(&NETWORK.graph).expect("it was made for the network"),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    match choice % 3 {
        0 => weights(data),
        1 => weights(&checkpoint(data)),
        _ => blocks(data),
    }
});
