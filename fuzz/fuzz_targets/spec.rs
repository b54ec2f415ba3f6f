//! Block specs of any text, and well-formed ones of any content: what parses is the same when it is written and read
//! again; what fits a network is computed and compiled, and what does not is refused in words.
#![no_main]

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use brelu_compile::{BlockSpec, CompileOptions, Criterion, Format, compile};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{ColourOrder, Plan};
use brelu_data::Preprocess;
use brelu_networks::blocks::{Choice, FORMAT, Spec, SpecLayer};
use brelu_networks::graph::{Executor, Graph, Op};
use libfuzzer_sys::fuzz_target;

const MAP: Shape = Shape::new(4, 5, 6);
const NAMES: [&str; 5] = ["relu", "bounded", "conv", "x", ""];

static GRAPH: LazyLock<Graph> = LazyLock::new(|| {
    let values =
        |len: usize, seed: usize| (0..len).map(|at| ((at + seed) * 37 % 29) as f32 / 14.0 - 1.0).collect();
    let conv = |input: Shape, seed| {
        let geometry = Conv2d { kernel: [3, 3], pads: [1; 4], input, ..Conv2d::dense(input.channels, 4) };
        Op::Conv { geometry, weights: values(geometry.weight_len(), seed), bias: values(4, seed) }
    };
    let mut graph = Graph::new("small", "x", Shape::new(3, 5, 6)).expect("a shape");
    let ops = [
        ("conv", conv(graph.input_shape(), 1)),
        ("relu", Op::relu()),
        ("mix", conv(MAP, 2)),
        ("bounded", Op::bounded_relu(1.0).unwrap()),
    ];
    for (name, op) in ops {
        graph.push(name, op, &[graph.output]).expect("it fits");
    }
    graph
});

#[derive(Debug, Arbitrary)]
struct Layer {
    name: u8,
    right_shape: Option<bool>,
    window: Option<u8>,
    channels: u8,
    blocks: [[u16; 2]; 6],
    misplaced: bool,
}

/// A spec of these layers; mostly blocks that the small map has room for.
fn text(layers: &[Layer], small: bool) -> String {
    let block = |[height, width]: [u16; 2]| if small { [height % 6, width % 7] } else { [height, width] };
    let layer = |layer: &Layer| {
        let choices = (0..4 + u32::from(layer.channels % 8 == 1)).zip(layer.blocks).map(|(channel, size)| {
            let channel = channel + u32::from(layer.misplaced);
            Choice { channel, block: block(size).into(), cost: 0.5, distortion: 0.25 }
        });
        SpecLayer {
            name: NAMES[usize::from(layer.name) % NAMES.len()].into(),
            shape: layer.right_shape.map(|right| [4, 5, if right { 6 } else { 7 }]),
            window: layer.window,
            channels: choices.collect(),
        }
    };
    let layers = layers.iter().map(layer).collect();
    let spec = Spec { format: FORMAT.into(), network: "small".into(), origin: None, layers };
    serde_json::to_string(&spec).expect("JSON")
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    if choice % 4 == 0 {
        return check(&String::from_utf8_lossy(data));
    }
    let Ok((layers, edits)) = <(Vec<Layer>, Vec<(u16, u8)>)>::arbitrary(&mut Unstructured::new(data)) else {
        return;
    };
    let mut text = text(&layers[..layers.len().min(3)], choice % 4 != 1).into_bytes();
    for (at, byte) in edits.iter().take(usize::from(choice % 8 == 2) * 3) {
        let at = usize::from(*at) % text.len();
        text[at] = *byte;
    }
    check(&String::from_utf8_lossy(&text));
});

fn check(text: &str) {
    let spec = match Spec::parse(text) {
        Ok(spec) => spec,
        Err(words) => return assert!(!words.is_empty()),
    };
    let again = Spec::parse(&serde_json::to_string(&spec).expect("JSON")).expect("what was written");
    assert_eq!(BlockSpec::from(&again), BlockSpec::from(&spec));
    let fits = spec.check_for(&GRAPH);
    let executor = Executor::new(&GRAPH).expect("a graph").with_spec(&spec);
    assert_eq!(fits.is_ok(), executor.is_ok());
    compiles(&spec, fits.is_ok());
    if let (Ok(()), Ok(executor)) = (fits, executor) {
        assert!(spec.decisions(&GRAPH) <= 2 * MAP.len() as u64);
        let image: Vec<f32> = (0..90).map(|at| (at * 37 % 101) as f32 / 50.0 - 1.0).collect();
        assert!(executor.run(&image).expect("the input's length").iter().all(|value| value.is_finite()));
    }
}

/// A spec that fits compiles to a plan; another one is refused.
fn compiles(spec: &Spec, fits: bool) {
    let mut preprocess = Preprocess::raw(5, 6, ColourOrder::Rgb);
    preprocess.divide_by = 255.0;
    let format = Some(Format { narrow: 12, fraction: 12, window: 11 });
    let criterion = Criterion { accept_error: Some(f32::INFINITY), ..Criterion::default() };
    let spec = BlockSpec::from(spec);
    let options = CompileOptions { format, criterion, spec, ..CompileOptions::new(preprocess) };
    let pixels: Vec<u8> = (0..90).map(|at| (at * 37 % 251) as u8).collect();
    match compile(&GRAPH, &[pixels], &options, &mut |_| ()) {
        Ok(compiled) => drop(Plan::parse(&compiled.plan).expect("a plan")),
        Err(error) => assert!(!fits && !error.to_string().is_empty(), "{error}"),
    }
}
