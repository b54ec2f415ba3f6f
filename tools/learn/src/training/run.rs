//! The loop: steps over shuffled images, validation after epochs.

use std::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};

use super::loader::prepared;
use super::loss::Labels;
use super::sgd::Descent;
use super::shuffle::{mixed, order};
use super::state::Best;
use super::teacher::{Seen, stages};
use super::validate::right;
use super::{Batch, Feed, Observer, Options, Row, State, Stepped, Sums, Teacher, TrainError};
use crate::interpreter::{Activation, Blocks, Norms, Outcome, Relaxed, Trainable, Watched, values};
use brelu_networks::graph::Graph;

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
    pub teacher: Option<&'a Teacher>,
    /// Images to learn.
    pub images: Feed<'a>,
    /// Images to validate on.
    pub validation: Option<Feed<'a>>,
    /// The constants.
    pub options: &'a Options,
    /// Threads that prepare images.
    pub threads: usize,
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
        let objective = self.options.loss.at(state.step as f64 / self.options.schedule.total.max(1) as f64);
        let hints = self.teacher.is_some() && objective.hints();
        let nodes = if hints { stages(self.network.graph()) } else { Vec::new() };
        let watched = Watched::new(activation, &nodes);
        let Outcome { output, statistics } =
            self.network.run(&parameters, self.norms(state), input.clone(), &watched);
        let student = Seen { logits: output.clone(), stages: watched.seen() };
        let teacher = self.teacher.map(|teacher| teacher.look(input, hints));
        let loss = objective.of(student, &self.labels(batch), teacher);
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

    pub(super) fn input(&self, batch: &Batch) -> Tensor<4> {
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
        state.sums = Sums::default();
        if let Some(scores) = validation
            && state.best.as_ref().is_none_or(|best| scores.value() > best.scores.value())
        {
            let (parameters, running) = (state.parameters.clone(), state.running.clone());
            state.best = Some(Best { scores, step: state.step, parameters, running });
        }
        Ok(observer.recorded(&state.history))
    }
}
