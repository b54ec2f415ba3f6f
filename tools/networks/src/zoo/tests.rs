use super::*;
use crate::graph::{Op, run, simplify};
use crate::onnx::{self, ImportOptions};

/// Layers, channels and ReLUs of arXiv 2304.10442, table of the baselines.
#[test]
fn activations_are_those_of_the_paper() {
    for (name, layers, channels, relus) in [
        ("resnet18-cifar", 17, 3_904, 557_056),
        ("resnet50", 49, 22_720, 9_608_704),
        ("resnet50-maxpool", 49, 22_720, 9_608_704),
        ("deeplabv3-mobilenetv2", 40, 17_344, 85_262_848),
        ("deeplabv3-resnet50", 57, 25_856, 127_402_496),
        ("deeplabv3-resnet50-maxpool", 57, 25_856, 127_402_496),
    ] {
        let counts = architecture(name).counts().unwrap();
        assert_eq!((counts.layers, counts.channels, counts.relus), (layers, channels, relus), "{name}");
    }
}

/// Parameters of the published networks without heads that only help training.
#[test]
fn parameters_are_the_published_ones() {
    let aspp = |x: u64| 2 * (512 * x + 1024) + 3 * (9 * 512 * x + 1024) + 9 * 2560 * 512 + 1024;
    for (name, parameters) in [
        // ResNet-18 for CIFAR-10 has 11,173,962, 10 classes among them.
        ("resnet18-cifar", 11_173_962 + 90 * 513),
        // num_params of torchvision.
        ("resnet50", 25_557_032),
        ("resnet50-maxpool", 25_557_032),
        ("mobilenetv2", 3_504_872),
        // The same without what follows its last block, and the head.
        ("deeplabv3-mobilenetv2", 3_504_872 - (322 * 1280 + 1281 * 1000) + aspp(320) + 513 * 150),
        // ResNet-50-C has 25,576,264, a fully connected layer among them. OpenMMLab says 68.1 M with its auxiliary head of
        // 2,365,205.
        ("deeplabv3-resnet50", 25_576_264 - 2049 * 1000 + aspp(2048) + 513 * 21),
    ] {
        assert_eq!(architecture(name).counts().unwrap().parameters, parameters, "{name}");
    }
}

fn architecture(name: &str) -> &'static Architecture {
    ARCHITECTURES.iter().find(|architecture| architecture.name == name).unwrap()
}

#[test]
fn resnet8_has_three_blocks() {
    let graph = build("resnet8").unwrap();
    let relus: Vec<_> = graph.nodes.iter().filter(|node| node.op == Op::relu()).collect();
    let shapes: Vec<_> = relus.iter().map(|node| (node.shape.channels, node.shape.height)).collect();
    assert_eq!(shapes, [(16, 32), (16, 32), (16, 32), (32, 16), (32, 16), (64, 8), (64, 8)]);
    assert_eq!(graph.output_shape(), Shape::new(10, 1, 1));
}

/// The map at which a network decides, and its classes.
#[test]
fn maps_end_at_an_eighth() {
    for name in ["deeplabv3-mobilenetv2", "deeplabv3-resnet50"] {
        let options = Options { seed: None, width: 0.01, ..Options::default() };
        let graph = network(name, &options).unwrap().graph;
        assert_eq!(graph.output_shape(), Shape::new(architecture(name).classes, 64, 64), "{name}");
    }
}

/// All architectures with 8 channels where they have most, for small images.
fn tiny() -> impl Iterator<Item = (&'static str, Graph)> {
    ARCHITECTURES.iter().map(|architecture| {
        let input = Some(Shape::new(3, 32, 24));
        let options = Options { seed: Some(3), classes: Some(5), input, width: 0.01 };
        (architecture.name, network(architecture.name, &options).unwrap().graph)
    })
}

fn picture(graph: &Graph) -> Vec<f32> {
    (0..graph.input_shape().len()).map(|at| (at as f32 * 0.7).sin()).collect()
}

#[test]
fn simplified_networks_keep_names_and_have_no_norms() {
    for (name, graph) in tiny() {
        let simple = simplify(graph.clone()).unwrap();
        assert!(simple.nodes.iter().all(|node| node.op.affine().is_none()), "{name}");
        // Flattening planes of one pixel changes nothing.
        let kept = graph.nodes.iter().filter(|node| node.op.affine().is_none() && node.name != "flatten");
        assert!(simple.nodes.iter().map(|node| &node.name).eq(kept.map(|node| &node.name)), "{name}");
    }
}

#[test]
fn written_networks_are_read_again() {
    for (name, graph) in tiny() {
        let bytes = onnx::export(&graph).unwrap();
        let copy = onnx::import(&bytes, &ImportOptions::default()).unwrap().graph;
        let kept = |graph: &Graph| -> Vec<String> {
            let kept = graph.nodes.iter().filter(|node| !matches!(node.op, Op::Reshape(_)));
            kept.map(|node| node.name.clone()).collect()
        };
        assert_eq!(kept(&copy), kept(&graph), "{name}");
        for node in graph.nodes.iter().filter(|node| !matches!(node.op, Op::Reshape(_))) {
            let found = copy.nodes.iter().find(|found| found.name == node.name).unwrap();
            assert_eq!(found.shape, node.shape, "{name} {}", node.name);
            assert!(found.op == node.op, "{name}: {} has other parameters", node.name);
        }
        assert_eq!(run(&copy, &picture(&graph)).unwrap(), run(&graph, &picture(&graph)).unwrap(), "{name}");
    }
}

#[test]
fn impossible_options_are_refused_with_a_sentence() {
    let sides = |height, width| Options { input: Some(Shape::new(3, height, width)), ..Options::default() };
    for (name, options, words) in [
        ("resnet49", Options::default(), "no built-in network is named \"resnet49\": there are resnet8, "),
        ("resnet8", sides(0, 8), "an input of 3x0x8 is outside"),
        ("resnet8", sides(9000, 8), "an input of 3x9000x8 is outside"),
        ("resnet8", Options { classes: Some(0), ..Options::default() }, "0 classes are outside"),
        ("resnet8", Options { width: f64::NAN, ..Options::default() }, "a width of NaN is outside"),
        (
            "deeplabv3-resnet50",
            sides(8192, 8192),
            "node \"stem1\": a tensor of 32x4096x4096 is empty or too large",
        ),
    ] {
        let problem = network(name, &Options { seed: None, ..options }).unwrap_err().to_string();
        assert!(problem.contains(words), "{problem}");
    }
}
