use std::ops::ControlFlow;

use super::{Row, State};

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
