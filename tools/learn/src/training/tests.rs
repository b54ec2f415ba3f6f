//! Whole trainings of a small network.

use std::ops::ControlFlow;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::ColourOrder;

use super::*;
use crate::interpreter::{Activation, Blocks, Device, Interpreter, Plain, Trainable};
use brelu_data::{DataError, Preprocess};
use brelu_networks::blocks::{BlockRelu, BlockSize};
use brelu_networks::graph::{Graph, Op, Window};
use brelu_networks::numbers::Random;

/// Gray images of 6 x 6 pixels: dark on one half, bright on the other; the class says which.
struct Halves(usize);

impl Samples for Halves {
    fn len(&self) -> usize {
        self.0
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let mut random = Random::new(index as u64);
        let class = random.below(3);
        let bright = |at: usize| match class {
            0 => at / 6 < 3,
            1 => at % 6 < 3,
            _ => (at / 6 < 3) == (at % 6 < 3),
        };
        let pixel = |at| (if bright(at) { 130 } else { 60 }) + random.below(60) as u8;
        let pixels = (0..36).map(pixel).collect();
        Ok(Sample { name: format!("image {index}"), pixels, classes: vec![class as u32] })
    }
}

fn graph() -> Graph {
    let mut graph = Graph::new("g", "x", Shape::new(1, 6, 6)).unwrap();
    for (at, channels) in [8u32, 16].into_iter().enumerate() {
        let geometry = Conv2d::square(graph.output_shape(), channels, 3, 1, 1);
        conv(&mut graph, &format!("conv{at}"), geometry);
        let ones = || vec![1.0; channels as usize];
        let norm =
            Op::BatchNorm { scale: ones(), shift: ones(), mean: ones(), variance: ones(), epsilon: 1e-5 };
        graph.push(format!("norm{at}"), norm, &[graph.output]).unwrap();
        graph.push(format!("relu{at}"), Op::relu(), &[graph.output]).unwrap();
    }
    let mut window = Window::new([2, 2]);
    window.stride = [2, 2];
    graph.push("pool", Op::MaxPool(window), &[graph.output]).unwrap();
    graph.push("flat", Op::Reshape(Shape::new(144, 1, 1)), &[graph.output]).unwrap();
    conv(&mut graph, "last", Conv2d::dense(144, 3));
    initialise(&mut graph, 5);
    graph
}

fn conv(graph: &mut Graph, name: &str, geometry: Conv2d) {
    let (weights, bias) = (vec![0.0; geometry.weight_len()], vec![0.0; geometry.out_channels as usize]);
    graph.push(name, Op::Conv { geometry, weights, bias }, &[graph.output]).unwrap();
}

fn blocks(graph: &Graph) -> Blocks {
    let mut blocks = Blocks::default();
    for (id, node) in graph.iter().filter(|(_, node)| node.op == Op::relu()) {
        let size = |channel| match channel % 4 {
            0 => BlockSize::RELU,
            1 => BlockSize::new(2, 3),
            2 => BlockSize::IDENTITY,
            _ => BlockSize::new(4, 4),
        };
        let sizes: Vec<_> = (0..node.shape.channels).map(size).collect();
        blocks.set(id, BlockRelu::new(node.shape, &sizes));
    }
    blocks
}

fn options(total: u64) -> Options {
    Options {
        batch: 16,
        seed: 11,
        schedule: Schedule { peak: 0.05, decay: Decay::Cosine, warmup: 4, minimum: 0.0, total },
        sgd: Sgd { nesterov: true, clip: Some(5.0), ..Sgd::default() },
        loss: Loss { smoothing: 0.05, distillation: None },
        gates: Gates::Constant,
        fixed: None,
        norm_momentum: 0.1,
        freeze_norms: false,
        validate_every: 1,
        record_every: 3,
    }
}

/// Runs `work` with a training of `options`.
fn with<R>(options: &Options, work: impl FnOnce(&Training<'_>, &Graph) -> R) -> R {
    let graph = graph();
    let network = Trainable::new(&graph, &Device::flex()).unwrap();
    let (train, test, blocks) = (Halves(200), Halves(50), blocks(&graph));
    let preprocess = Preprocess {
        divide_by: 255.0,
        mean: [0.5; 3],
        std: [0.25; 3],
        ..Preprocess::raw(6, 6, ColourOrder::Grey)
    };
    let feed = |samples, augmentation| Feed {
        samples,
        preprocess,
        output: graph.output_shape(),
        offset: 0,
        augmentation,
        seed: options.seed,
    };
    let training = Training {
        network: &network,
        blocks: &blocks,
        general: false,
        teacher: None,
        images: feed(&train, Augmentation { padding: 1, flip: false }),
        validation: Some(feed(&test, Augmentation::default())),
        options,
        threads: 2,
    };
    work(&training, &graph)
}

/// Ends before the step with this number, keeping what there is as the bytes of a checkpoint.
struct Until(u64, Option<Vec<u8>>);

impl Observer for Until {
    fn before(&mut self, state: &State) -> ControlFlow<()> {
        if state.step() < self.0 {
            return ControlFlow::Continue(());
        }
        self.1 = postcard::to_stdvec(&Snapshot::new(state)).ok();
        ControlFlow::Break(())
    }
}

fn ended(training: &Training<'_>, graph: &Graph) -> State {
    let mut state = training.start(graph);
    let flow = training.run(&mut state, &mut Until(u64::MAX, None)).unwrap();
    assert!(flow.is_continue());
    state
}

#[test]
fn a_small_network_learns() {
    with(&options(72), |training, graph| {
        let state = ended(training, graph);
        let rows = state.history();
        let validations: Vec<_> = rows.iter().filter_map(|row| row.validation).collect();
        assert_eq!((state.step(), validations.len()), (72, 6));
        assert!(rows[0].loss > 0.9 && rows.last().unwrap().loss < 0.5, "{rows:?}");
        let (best, step) = state.best().unwrap();
        assert!(best.accuracy > 0.9, "{best:?} {step}");
        assert!(validations.iter().all(|scores| scores.accuracy <= best.accuracy));
    });
}

#[test]
fn interrupted_trainings_end_with_the_same_bits() {
    with(&options(30), |training, graph| {
        let whole = Snapshot::new(&ended(training, graph));
        let mut random = Random::new(7);
        for stops in [1, 2, 3] {
            let mut state = training.start(graph);
            for _ in 0..stops {
                let left = 30 - state.step();
                let mut until = Until(state.step() + random.below(left as usize) as u64, None);
                assert!(training.run(&mut state, &mut until).unwrap().is_break());
                let kept: Snapshot = postcard::from_bytes(&until.1.unwrap()).unwrap();
                state = kept.state(training.network).unwrap();
            }
            assert!(training.run(&mut state, &mut Until(99, None)).unwrap().is_continue());
            assert_eq!(Snapshot::new(&state), whole);
        }
    });
}

#[test]
fn the_exported_network_is_the_one_that_did_best() {
    with(&options(48), |training, graph| {
        let state = ended(training, graph);
        let (best, last) = (state.best_graph(training.network), state.last_graph(training.network));
        assert_eq!(
            state.history().last().unwrap().validation,
            training.validate(&state, &mut Until(0, None)).unwrap()
        );
        let again = training.validate(&training.start(&best), &mut Until(0, None)).unwrap().unwrap();
        let (scores, step) = state.best().unwrap();
        assert_eq!((again, best == last), (scores, step == state.step()));
        let names = |graph: &Graph| graph.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&best), names(graph));
    });
}

#[test]
fn a_loss_without_end_is_an_error() {
    let mut options = options(40);
    options.schedule.peak = 1e30;
    options.sgd.clip = None;
    with(&options, |training, graph| {
        let mut state = training.start(graph);
        let error = training.run(&mut state, &mut Until(u64::MAX, None)).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("the loss is ") && text.contains("lower --rate"), "{text}");
    });
}

#[test]
fn frozen_norms_keep_their_statistics() {
    let options = Options { freeze_norms: true, ..options(6) };
    with(&options, |training, graph| {
        let trained = ended(training, graph).last_graph(training.network);
        let norms = |graph: &Graph| {
            let statistics = |op: &Op| match op {
                Op::BatchNorm { mean, variance, .. } => Some((mean.clone(), variance.clone())),
                _ => None,
            };
            graph.nodes.iter().filter_map(|node| statistics(&node.op)).collect::<Vec<_>>()
        };
        assert_eq!(norms(&trained), norms(graph));
        assert_ne!(&trained, graph);
    });
}

#[test]
fn running_statistics_follow_batches() {
    let options = Options { norm_momentum: 1.0, ..options(1) };
    with(&options, |training, graph| {
        let trained = ended(training, graph).last_graph(training.network);
        let indices = &order(200, 11, 0)[..16];
        let batch = training.images.batch(indices, 0).unwrap();
        let interpreter = Interpreter::new(graph, &Device::flex()).unwrap();
        let trace = interpreter.trace(interpreter.batch(batch.images.chunks(36)), &Plain);
        let conv = graph.iter().find(|(_, node)| node.name == "conv0").unwrap().0;
        let values = crate::interpreter::values(trace.value(conv).clone());
        let Op::BatchNorm { mean, variance, .. } = &trained.nodes[conv.0 + 1].op else { panic!() };
        for channel in 0..8 {
            let own: Vec<f64> = values
                .chunks(36)
                .skip(channel)
                .step_by(8)
                .flat_map(|plane| plane.iter().map(|value| f64::from(*value)))
                .collect();
            let average = own.iter().sum::<f64>() / own.len() as f64;
            let spread =
                own.iter().map(|value| (value - average).powi(2)).sum::<f64>() / (own.len() - 1) as f64;
            assert!((f64::from(mean[channel]) - average).abs() < 1e-5);
            assert!((f64::from(variance[channel]) / spread - 1.0).abs() < 1e-4);
        }
    });
}

#[test]
fn teachers_are_imitated() {
    let mut options = options(48);
    options.loss = Loss {
        smoothing: 0.0,
        distillation: Some(Distillation { temperature: 4.0, share: 1.0, hints: 0.0, fade: None }),
    };
    with(&options, |training, graph| {
        let other =
            with(&self::options(72), |training, graph| ended(training, graph).best_graph(training.network));
        let teacher = Teacher::new(&other, &Device::flex()).unwrap();
        let taught = Training { teacher: Some(&teacher), ..*training };
        let state = ended(&taught, graph);
        let losses: Vec<f64> = state.history().iter().map(|row| row.loss).collect();
        assert!(losses.last().unwrap() * 3.0 < losses[0], "{losses:?}");
        assert!(state.best().unwrap().0.accuracy > 0.85);
    });
}

#[test]
fn hints_bring_stages_nearer_to_the_teacher() {
    let other =
        with(&self::options(72), |training, graph| ended(training, graph).best_graph(training.network));
    let teacher = Teacher::new(&other, &Device::flex()).unwrap();
    let apart = |hints: f64| {
        let distillation = Some(Distillation { temperature: 4.0, share: 0.5, hints, fade: None });
        let options = Options { loss: Loss { smoothing: 0.0, distillation }, ..options(48) };
        with(&options, |training, graph| {
            let taught = Training { teacher: Some(&teacher), ..*training };
            let student = ended(&taught, graph).last_graph(training.network);
            let stage = |graph: &Graph, activation: &dyn Activation| {
                let interpreter = Interpreter::new(graph, &Device::flex()).unwrap();
                let images = training.images.batch(&[0, 1, 2, 3], 0).unwrap().images;
                let trace = interpreter.trace(interpreter.batch(images.chunks(36)), activation);
                let last = graph.iter().filter(|(_, node)| node.op == Op::relu()).last().unwrap().0;
                crate::interpreter::values(trace.value(last).clone())
            };
            let pairs = stage(&student, training.blocks).into_iter().zip(stage(&other, &Plain));
            pairs.map(|(own, wanted)| (own - wanted).powi(2)).sum::<f32>()
        })
    };
    let (without, with) = (apart(0.0), apart(5.0));
    assert!(with * 2.0 < without, "{with} {without}");
}

#[test]
fn decisions_with_gradients_learn_as_well() {
    for gates in [Gates::StraightThrough { width: 0.25 }, Gates::Annealed { width: 0.5, share: 0.5 }] {
        with(&Options { gates, ..options(72) }, |training, graph| {
            let state = ended(training, graph);
            assert!(state.best().unwrap().0.accuracy > 0.9, "{gates:?} {:?}", state.best());
            let other =
                with(&options(72), |training, graph| ended(training, graph).last_graph(training.network));
            assert_ne!(state.last_graph(training.network), other);
        });
    }
}

#[test]
fn fixed_point_is_learned_with() {
    use crate::interpreter::FixedPoint;
    let fixed = Some(FixedPoint { narrow: 10, fraction: 8, window: 4, margin: 1.5 });
    with(&Options { fixed, ..options(72) }, |training, graph| {
        let state = ended(training, graph);
        assert!(state.best().unwrap().0.accuracy > 0.9, "{:?}", state.best());
        assert_eq!(Snapshot::new(&state), Snapshot::new(&ended(training, graph)));
        let other = with(&options(72), |training, graph| ended(training, graph).last_graph(training.network));
        assert_ne!(state.last_graph(training.network), other);
    });
}
