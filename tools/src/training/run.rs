//! The loop: steps over shuffled images, validation after epochs.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::loader::prepared;
use super::loss::Labels;
use super::samples::{Batch, Feed};
use super::sgd::Descent;
use super::shuffle::{mixed, order};
use super::state::Best;
use super::validate::{Scores, Tally, right};
use super::{Gates, Loss, Row, Schedule, Sgd, State, TrainError};
use crate::graph::Graph;
use crate::interpreter::{
    Activation, Blocks, Decisions, FixedPoint, Interpreter, Norms, Outcome, Plain, Relaxed, Trainable, values,
};

/// The constants of a training: equal ones from equal beginnings give equal networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Images a step.
    pub batch: usize,
    /// Seed of the order and the changes of images.
    pub seed: u64,
    /// Learning rates, and with them the number of steps.
    pub schedule: Schedule,
    /// What is made of gradients.
    pub sgd: Sgd,
    /// What is made small.
    pub loss: Loss,
    /// How blocks decide and learn to.
    pub gates: Gates,
    /// Fixed point whose errors are learned with; validation has none.
    pub fixed: Option<FixedPoint>,
    /// What a batch counts for in running means and variances.
    pub norm_momentum: f64,
    /// Whether norms keep their running statistics and use them.
    pub freeze_norms: bool,
    /// Epochs from one validation to the next.
    pub validate_every: u64,
    /// Steps from one row of the history to the next; every validation makes one as well.
    pub record_every: u64,
}

/// What is trained, with what, on what.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    /// The network.
    pub network: &'a Trainable,
    /// What stands in the place of its ReLUs.
    pub blocks: &'a Blocks,
    /// Whether burn's operations compute it, to compare with.
    pub general: bool,
    /// The network whose outputs are imitated, without blocks.
    pub teacher: Option<&'a Interpreter>,
    /// Images to learn.
    pub images: Feed<'a>,
    /// Images to validate on.
    pub validation: Option<Feed<'a>>,
    /// The constants.
    pub options: &'a Options,
    /// Threads that prepare images.
    pub threads: usize,
}

/// Who watches a training and ends it.
pub trait Observer {
    /// Called before the parameters of `state`, of which a finite loss is known, are changed; saving goes here. A break
    /// ends the training with this state.
    fn before(&mut self, state: &State) -> ControlFlow<()>;

    /// A step was made.
    fn stepped(&mut self, _: &Stepped) {}

    /// A row came to the history.
    fn recorded(&mut self, _: &[Row]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// `done` of `all` validation batches are computed.
    fn validated(&mut self, _done: usize, _all: usize) {}
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Stepped {
    /// Steps done, with this one.
    pub step: u64,
    /// Images of it.
    pub images: usize,
    /// Its learning rate.
    pub rate: f64,
    /// Mean loss since the last row of the history.
    pub loss: f64,
    /// Share of right images or pixels since then.
    pub accuracy: f64,
}

/// How long a training takes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// One step.
    pub step: Duration,
    /// One validation.
    pub validation: Duration,
}

impl Training<'_> {
    /// The state of a training of `graph`.
    pub fn start(&self, graph: &Graph) -> State {
        State::new(self.network, graph)
    }

    /// Steps an epoch: the images left over are in the next epoch's batches, in its order.
    pub fn steps_an_epoch(&self) -> u64 {
        (self.images.samples.len() / self.options.batch.max(1)).max(1) as u64
    }

    /// Makes the steps that are left, unless `observer` breaks.
    ///
    /// # Errors
    /// If an image cannot be used, or the loss is no finite number.
    pub fn run(&self, state: &mut State, observer: &mut dyn Observer) -> Result<ControlFlow<()>, TrainError> {
        if self.images.samples.is_empty() {
            return Err(TrainError::Empty);
        }
        while state.step < self.options.schedule.total {
            let epoch = state.step / self.steps_an_epoch();
            if self.epoch(state, epoch, observer)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The rest of an epoch.
    fn epoch(
        &self,
        state: &mut State,
        epoch: u64,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>, TrainError> {
        let order = order(self.images.samples.len(), self.options.seed, epoch);
        let steps = self.steps_an_epoch();
        let end = ((epoch + 1) * steps).min(self.options.schedule.total);
        let left = (end - state.step) as usize;
        let lists = order.chunks(self.options.batch.max(1)).skip((state.step % steps) as usize).take(left);
        let lists: Vec<&[usize]> = lists.collect();
        prepared(self.images, &lists, epoch, self.threads, |batches| {
            for batch in batches {
                if self.step(state, &batch?, observer)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                if self.record(state, observer)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    fn step(
        &self,
        state: &mut State,
        batch: &Batch,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>, TrainError> {
        let rate = self.options.schedule.rate(state.step);
        let leaves: Vec<Tensor<1>> =
            state.parameters.iter().map(|tensor| tensor.clone().autodiff().require_grad()).collect();
        let input = self.input(batch);
        let relaxed = self.relaxed(state);
        let activation: &dyn Activation = if self.general { self.blocks } else { &relaxed };
        let parameters = match self.options.fixed {
            Some(fixed) => self.network.rounded(&leaves, &state.running, fixed.fraction),
            None => leaves.clone(),
        };
        let Outcome { output, statistics } =
            self.network.run(&parameters, self.norms(state), input.clone(), activation);
        let teacher = self.teacher.map(|teacher| teacher.run(input, &Plain));
        let loss = self.options.loss.of(output.clone(), &self.labels(batch), teacher);
        let value = loss.clone().inner().into_scalar::<f32>();
        if !value.is_finite() {
            return Err(TrainError::Diverged { step: state.step, loss: value, rate });
        }
        if observer.before(state).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let mut gradients = loss.backward();
        let gradients: Vec<Option<Tensor<1>>> =
            leaves.iter().map(|leaf| leaf.grad_remove(&mut gradients)).collect();
        self.descend(state, gradients, rate);
        state.follow(statistics, self.options.norm_momentum);
        state.step += 1;
        let (right, pixels) =
            right(&values(output.inner()), &batch.classes, self.network.graph().output_shape());
        state.sums.loss += f64::from(value);
        state.sums.steps += 1;
        state.sums.right += right;
        state.sums.pixels += pixels;
        let (loss, accuracy) = (state.sums.loss(), state.sums.accuracy());
        observer.stepped(&Stepped { step: state.step, images: batch.count, rate, loss, accuracy });
        Ok(ControlFlow::Continue(()))
    }

    fn descend(&self, state: &mut State, gradients: Vec<Option<Tensor<1>>>, rate: f64) {
        let parameters = state.parameters.iter_mut().zip(&mut state.velocities);
        let each = parameters.zip(self.network.slots()).zip(gradients);
        let descents = each.filter_map(|(((parameter, velocity), slot), gradient)| {
            Some(Descent { parameter, velocity, gradient: gradient?, decays: slot.decays() })
        });
        self.options.sgd.step(rate, descents.collect());
    }

    fn relaxed(&self, state: &State) -> Relaxed<'_> {
        let number = mixed(&[self.options.seed, state.step]);
        Relaxed {
            blocks: self.blocks,
            decisions: self.options.gates.at(state.step, &self.options.schedule),
            fixed: self.options.fixed.map(|fixed| (fixed, number)),
        }
    }

    fn norms<'s>(&self, state: &'s State) -> Norms<'s> {
        if self.options.freeze_norms { Norms::Running(&state.running) } else { Norms::Batch }
    }

    fn input(&self, batch: &Batch) -> Tensor<4> {
        let shape = self.network.graph().input_shape();
        let [channels, height, width] = [shape.channels, shape.height, shape.width].map(|size| size as usize);
        let data = TensorData::new(batch.images.clone(), [batch.count, channels, height, width]);
        Tensor::from_data(data, self.network.device())
    }

    fn labels(&self, batch: &Batch) -> Labels {
        let shape = self.network.graph().output_shape();
        let shape = [batch.count, shape.height as usize, shape.width as usize];
        Labels::new(&batch.classes, shape, self.network.device())
    }

    /// Adds a row to the history when it is time for one, with a validation where it is time for that.
    fn record(&self, state: &mut State, observer: &mut dyn Observer) -> Result<ControlFlow<()>, TrainError> {
        let (steps, total) = (self.steps_an_epoch(), self.options.schedule.total);
        let validates = state.step.is_multiple_of(steps.saturating_mul(self.options.validate_every.max(1)))
            || state.step == total;
        if !validates && !state.step.is_multiple_of(self.options.record_every.max(1)) {
            return Ok(ControlFlow::Continue(()));
        }
        let validation = if validates { self.validate(state, observer)? } else { None };
        state.history.push(Row {
            step: state.step,
            epoch: state.step as f64 / steps as f64,
            rate: self.options.schedule.rate(state.step - 1),
            loss: state.sums.loss(),
            accuracy: state.sums.accuracy(),
            validation,
        });
        state.sums = super::state::Sums::default();
        if let Some(scores) = validation
            && state.best.as_ref().is_none_or(|best| scores.value() > best.scores.value())
        {
            let (parameters, running) = (state.parameters.clone(), state.running.clone());
            state.best = Some(Best { scores, step: state.step, parameters, running });
        }
        Ok(observer.recorded(&state.history))
    }

    /// Results on the validation images, if there are some.
    ///
    /// # Errors
    /// If an image cannot be used.
    pub fn validate(&self, state: &State, observer: &mut dyn Observer) -> Result<Option<Scores>, TrainError> {
        let Some(feed) = self.validation else { return Ok(None) };
        let all: Vec<usize> = (0..feed.samples.len()).collect();
        let lists: Vec<&[usize]> = all.chunks(self.options.batch.max(1)).collect();
        let mut tally = Tally::new(self.network.graph().output_shape());
        let relaxed = Relaxed { blocks: self.blocks, decisions: Decisions::Constant, fixed: None };
        prepared(feed, &lists, 0, self.threads, |batches| {
            for (done, batch) in batches.enumerate() {
                let batch = batch?;
                let norms = Norms::Running(&state.running);
                let outcome = self.network.run(&state.parameters, norms, self.input(&batch), &relaxed);
                tally.add(&values(outcome.output), &batch);
                observer.validated(done + 1, lists.len());
            }
            Ok(Some(tally.scores()))
        })
    }

    /// How long steps and validations take, from steps that are forgotten again.
    ///
    /// # Errors
    /// As [`Training::run`].
    pub fn pace(&self, state: &State, spend: Duration) -> Result<Pace, TrainError> {
        let mut state = state.clone();
        let mut clock = Clock { spend, laps: Vec::new(), started: Instant::now() };
        let _ = self.run(&mut state, &mut clock)?;
        let mut laps: Vec<Duration> = clock.laps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let step = crate::bench::median(&mut laps);
        let images = self.validation.map_or(0, |feed| feed.samples.len());
        // Inference is about a third of a step.
        let share = images as f64 / self.options.batch.max(1) as f64 / 3.0;
        Ok(Pace { step, validation: step.mul_f64(share) })
    }
}

/// Ends a training after some time, and keeps the times of its steps.
struct Clock {
    spend: Duration,
    laps: Vec<Duration>,
    started: Instant,
}

/// Steps from which a pace is found, at least.
const LAPS: usize = 5;

impl Observer for Clock {
    fn before(&mut self, _: &State) -> ControlFlow<()> {
        let now = self.started.elapsed();
        self.laps.push(now);
        if now > self.spend && self.laps.len() > LAPS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn recorded(&mut self, _: &[Row]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
