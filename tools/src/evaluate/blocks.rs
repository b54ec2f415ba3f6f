//! Block-ReLU in floating point, against the network as it is.

use std::ops::ControlFlow;

use serde::Serialize;

use super::{decisions, largest};
use crate::interpreter::{Activation, Interpreter, Plain, values};

/// Images computed together.
const BATCH: usize = 32;

/// How one choice of blocks does.
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
    /// Share of decisions (a pixel of the output makes one) that are those of the network as it is.
    pub agreement: f64,
    /// Mean over images and output elements of the squared change: what distortions add up to.
    pub distortion: f64,
    /// That, over the mean square of the output's elements.
    pub relative: f64,
}

/// Scores the network as it is (first) and every choice of `choices`, on images in the form of its input. Labels count
/// outputs. `each` is called after every batch with the images done.
pub fn compare(
    interpreter: &Interpreter,
    choices: &[&dyn Activation],
    images: &[Vec<f32>],
    labels: &[Option<usize>],
    each: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Vec<BlockScores> {
    let mut sums = vec![Sums::default(); choices.len() + 1];
    let mut done = 0;
    for (batch, labels) in images.chunks(BATCH).zip(labels.chunks(BATCH)) {
        let input = interpreter.batch(batch.iter().map(Vec::as_slice));
        let plain = values(interpreter.run(input.clone(), &Plain));
        sums[0].add(interpreter, &plain, &plain, labels);
        for (choice, sums) in choices.iter().zip(&mut sums[1..]) {
            sums.add(interpreter, &plain, &values(interpreter.run(input.clone(), *choice)), labels);
        }
        done += batch.len();
        if each(done).is_break() {
            break;
        }
    }
    sums.iter().map(Sums::scores).collect()
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
}

impl Sums {
    fn add(&mut self, interpreter: &Interpreter, plain: &[f32], got: &[f32], labels: &[Option<usize>]) {
        let shape = interpreter.graph().output_shape();
        let outputs = shape.len().max(1);
        for ((plain, got), label) in plain.chunks(outputs).zip(got.chunks(outputs)).zip(labels) {
            let (want, have) = (decisions(plain, shape), decisions(got, shape));
            let equal = want.iter().zip(&have).filter(|(want, have)| want == have).count();
            self.images += 1;
            self.agreement += equal as f64 / want.len().max(1) as f64;
            let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
            self.change += plain.iter().zip(got).map(square).sum::<f64>() / outputs as f64;
            self.power += plain.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / outputs as f64;
            if let Some(label) = label.filter(|_| shape.plane() == 1) {
                let top = largest(got, 5);
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
        }
    }
}
