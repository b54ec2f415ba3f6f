//! Block-ReLU and other changes in floating point, against the network as it is.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::evaluate::{Judge, MapScores, agreement};
use brelu_data::Target;
use brelu_data::maps::Confusion;
use brelu_learn::interpreter::{Activation, Interpreter, Plain, values};

/// Images computed together.
const BATCH: usize = 32;

/// How one candidate does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BlockScores {
    /// Images computed.
    pub images: usize,
    /// Images whose class is known.
    pub labelled: usize,
    /// Share of these whose largest logit is right.
    pub top1: f64,
    /// Share of these whose class is among the five largest logits.
    pub top5: f64,
    /// Share of decisions (one an image; one a pixel of the input, where the output is a map) that are those of the network
    /// as it is.
    pub agreement: f64,
    /// Mean over images and output elements of the squared change: what distortions add up to.
    pub distortion: f64,
    /// That, over the mean square of the output's elements.
    pub relative: f64,
    /// How its maps meet the masks, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapScores>,
}

/// A network that does the same otherwise: another way with its activations, or other operations.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The network, of the same input and output shapes.
    pub interpreter: &'a Interpreter,
    /// Its activations.
    pub activation: &'a dyn Activation,
}

/// What the network and its candidates are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    /// What the images show.
    pub targets: &'a [Target],
    /// Outputs before the first class.
    pub offset: u32,
}

/// Scores the network as it is (first) and every one of `candidates`, on images in the form of its input. `each` is called
/// after every batch with the images done.
pub fn compare(
    interpreter: &Interpreter,
    candidates: &[Candidate<'_>],
    images: &[Vec<f32>],
    truth: Truth<'_>,
    each: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Vec<BlockScores> {
    let judge = Judge::of_graph(interpreter.graph(), truth.offset);
    let mut sums = vec![Sums::default(); candidates.len() + 1];
    let (outputs, mut done) = (judge.outputs().max(1), 0);
    for (batch, targets) in images.chunks(BATCH).zip(truth.targets.chunks(BATCH)) {
        let input = interpreter.batch(batch.iter().map(Vec::as_slice));
        let plain = values(interpreter.run(input.clone(), &Plain));
        let decisions: Vec<_> = plain.chunks(outputs).map(|plain| judge.decisions(plain)).collect();
        let wanted = Wanted { logits: &plain, decisions: &decisions, targets, offset: truth.offset };
        sums[0].add(&judge, &wanted, &plain);
        for (candidate, sums) in candidates.iter().zip(&mut sums[1..]) {
            let got = values(candidate.interpreter.run(input.clone(), candidate.activation));
            sums.add(&judge, &wanted, &got);
        }
        done += batch.len();
        if each(done).is_break() {
            break;
        }
    }
    sums.iter().map(Sums::scores).collect()
}

/// What the network as it is says of a batch, and what it shows.
struct Wanted<'a> {
    logits: &'a [f32],
    decisions: &'a [Vec<u32>],
    targets: &'a [Target],
    offset: u32,
}

#[derive(Clone, Default)]
struct Sums {
    images: usize,
    labelled: usize,
    top1: usize,
    top5: usize,
    agreement: f64,
    change: f64,
    power: f64,
    map: Confusion,
}

impl Sums {
    fn add(&mut self, judge: &Judge, wanted: &Wanted<'_>, got: &[f32]) {
        let outputs = judge.outputs().max(1);
        let images = wanted.logits.chunks(outputs).zip(wanted.decisions).zip(wanted.targets);
        for (((plain, want), target), got) in images.zip(got.chunks(outputs)) {
            let have = judge.decisions(got);
            self.images += 1;
            self.agreement += agreement(want, &have);
            if let Some(map) = judge.compare(target, &have) {
                self.map.merge(&map);
            }
            let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
            self.change += plain.iter().zip(got).map(square).sum::<f64>() / outputs as f64;
            self.power += plain.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / outputs as f64;
            if let Some(label) = target.class().filter(|_| !judge.is_map()) {
                let (top, label) = (judge.top(got), label + wanted.offset as usize);
                self.labelled += 1;
                self.top1 += usize::from(top.first() == Some(&label));
                self.top5 += usize::from(top.contains(&label));
            }
        }
    }

    fn scores(&self) -> BlockScores {
        let (images, labelled) = (self.images.max(1) as f64, self.labelled.max(1) as f64);
        BlockScores {
            images: self.images,
            labelled: self.labelled,
            top1: self.top1 as f64 / labelled,
            top5: self.top5 as f64 / labelled,
            agreement: self.agreement / images,
            distortion: self.change / images,
            relative: self.change / self.power.max(f64::MIN_POSITIVE),
            map: MapScores::new(std::iter::once(&self.map)),
        }
    }
}
