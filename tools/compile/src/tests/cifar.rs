//! A real network on real pictures, where the shared data are at hand.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;
use crate::simulate::{Simulator, quantise_input};
use brelu_networks::graph::simplify;
use brelu_networks::onnx::{ImportOptions, import_file};

const RECORD: usize = 3073;

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path)
}

/// The first pictures of a compressed file.
fn pictures(path: &str, count: usize) -> Option<Vec<Vec<u8>>> {
    let path = shared(path);
    if !path.exists() {
        return None;
    }
    let mut child = Command::new("xz").arg("-dkc").arg(path).stdout(Stdio::piped()).spawn().ok()?;
    let mut bytes = vec![0; count * RECORD];
    let read = child.stdout.take()?.read_exact(&mut bytes);
    let _ = child.kill();
    let _ = child.wait();
    read.ok()?;
    Some(bytes.chunks(RECORD).map(|record| record[1..].to_vec()).collect())
}

#[test]
fn resnet20_agrees_with_the_float_network() {
    let model = shared("models/cifar10_resnet20.onnx");
    let both = (pictures("cifar10/train.bin.xz", 32), pictures("cifar10/test.bin.xz", 64));
    let (true, (Some(train), Some(test))) = (model.exists(), both) else {
        eprintln!("skipped: the shared data or xz are not there");
        return;
    };
    let graph = simplify(import_file(&model, &ImportOptions::default()).unwrap().graph).unwrap();
    let mut preprocess = Preprocess::raw(32, 32, ColourOrder::Rgb);
    (preprocess.divide_by, preprocess.mean, preprocess.std) =
        (255.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    let format = Some(Format { narrow: 12, fraction: 12, window: 6 });
    let options = CompileOptions { format, ..CompileOptions::new(preprocess) };
    let compiled = quietly(&graph, &train, &options).unwrap();
    assert_eq!(compiled.report.round_trips, 19);
    let plan = Plan::parse(&compiled.plan).unwrap();
    let simulator = Simulator::new(&plan, &compiled.weights).unwrap();
    let mut agree = 0;
    for (seed, pixels) in test.iter().enumerate() {
        let want = graph::run(&graph, &preprocess.normalise(pixels)).unwrap();
        let input = quantise_input(&plan.header().preprocess, 32 * 32, pixels);
        let got = simulator.run(&input, seed as u64).unwrap().output;
        let want = (0..10).max_by(|a, b| want[*a].total_cmp(&want[*b]));
        agree += usize::from(want == (0..10).max_by_key(|class| got[*class]));
    }
    assert!(agree >= 62, "{agree} of 64 agree");
}
