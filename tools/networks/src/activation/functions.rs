use super::{Activation, Function, Smooth};

/// The functions of a layer's channels: one for all of them, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Functions(Vec<Function>);

impl From<Function> for Functions {
    /// The same for all channels.
    fn from(function: Function) -> Self {
        Self(vec![function])
    }
}

impl From<Activation> for Functions {
    fn from(activation: Activation) -> Self {
        Function::from(activation).into()
    }
}

impl From<Smooth> for Functions {
    fn from(smooth: Smooth) -> Self {
        Function::from(smooth).into()
    }
}

impl Functions {
    /// One function a channel; of none, or of equal ones, that one for all.
    pub fn of_channels(functions: Vec<Activation>) -> Self {
        Self::new(functions.into_iter().map(Function::from).collect())
    }

    /// As [`Functions::of_channels`], of any functions.
    pub fn new(functions: Vec<Function>) -> Self {
        match functions.split_first() {
            None => Activation::relu().into(),
            Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone().into(),
            Some(_) => Self(functions),
        }
    }

    /// The function of a channel.
    pub fn get(&self, channel: usize) -> &Function {
        self.0.get(channel).unwrap_or(&self.0[0])
    }

    /// The function of all channels, if they have the same.
    pub fn only(&self) -> Option<&Function> {
        match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether a layer of so many channels may have them.
    pub fn fit(&self, channels: usize) -> bool {
        [1, channels].contains(&self.0.len())
    }

    /// Those that there are.
    pub fn iter(&self) -> impl Iterator<Item = &Function> {
        self.0.iter()
    }

    /// Whether all are piecewise linear.
    pub fn are_piecewise(&self) -> bool {
        self.iter().all(|function| function.piecewise().is_some())
    }

    /// What `change` makes of every function.
    pub fn map(&self, change: impl FnMut(&Function) -> Function) -> Self {
        Self(self.0.iter().map(change).collect())
    }

    /// As [`Activation::is_monotone`], for all channels.
    pub fn is_monotone(&self) -> bool {
        self.iter().all(Function::is_monotone)
    }

    /// As [`Activation::is_non_negative`], for all channels.
    pub fn is_non_negative(&self) -> bool {
        self.iter().all(Function::is_non_negative)
    }

    /// As [`Activation::relu_bound`], if all channels have the same.
    pub fn relu_bound(&self) -> Option<f32> {
        self.only()?.relu_bound()
    }
}
