use thiserror::Error;

use super::Choice;

/// Sums of costs beyond this have no exact arithmetic.
const MOST: u128 = 1 << 56;

/// Why there is no solution.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SolverError {
    /// A class without choices.
    #[error("class {class} has no choices: give it at least one")]
    Empty {
        /// Its number, from 0.
        class: usize,
    },
    /// A value that cannot be added up.
    #[error("class {class} choice {choice} has the value {value}: values are finite numbers of at least 0")]
    Value {
        /// Number of the class, from 0.
        class: usize,
        /// Number of the choice, from 0.
        choice: usize,
        /// The value.
        value: f64,
    },
    /// Costs that cannot be added up exactly.
    #[error("the largest costs of all classes add up to more than 2^56: count them in a larger unit")]
    Costs,
    /// Values that cannot be added up.
    #[error("the largest values of all classes add up to more than a number can hold: scale them down")]
    Values,
    /// Nothing fits.
    #[error("the cheapest choices cost {least} together, more than the capacity {capacity}: raise it")]
    Capacity {
        /// Sum of the cheapest choices.
        least: u64,
        /// What was allowed.
        capacity: u64,
    },
}

/// Refuses classes that cannot be computed with.
pub(super) fn classes(classes: &[Vec<Choice>]) -> Result<(), SolverError> {
    let (mut cost, mut value) = (0, 0.0);
    for (number, class) in classes.iter().enumerate() {
        if class.is_empty() {
            return Err(SolverError::Empty { class: number });
        }
        let possible = |choice: &Choice| choice.value.is_finite() && choice.value >= 0.0;
        if let Some(at) = class.iter().position(|choice| !possible(choice)) {
            return Err(SolverError::Value { class: number, choice: at, value: class[at].value });
        }
        cost += u128::from(class.iter().map(|choice| choice.cost).max().unwrap_or(0));
        value += class.iter().map(|choice| choice.value).fold(0.0, f64::max);
    }
    match () {
        () if cost > MOST => Err(SolverError::Costs),
        () if !f64::is_finite(value) => Err(SolverError::Values),
        () => Ok(()),
    }
}

/// Refuses a capacity that nothing fits.
pub(super) fn capacity(classes: &[Vec<Choice>], capacity: u64) -> Result<(), SolverError> {
    let least = classes.iter().filter_map(|class| class.iter().map(|choice| choice.cost).min()).sum();
    if least > capacity { Err(SolverError::Capacity { least, capacity }) } else { Ok(()) }
}
