//! Operations without exchange: each party computes them on its own component of a sharing, as they are linear. Whoever
//! holds whole tensors takes [`Local::planes`]; who regenerates masks piece by piece takes the rows of [`Picks`] and
//! [`Windows`].

mod channels;
mod element;
mod permutation;
mod planes;
mod view;
mod windows;

use core::fmt;

use heapless::Vec;

use crate::plan::NodeId;

pub use channels::Origin;
pub use element::{Element, offset};
pub use permutation::{MAX_AXES, Permutation};
pub(crate) use planes::overlap;
pub use view::{Axis, Edge, Picks};
pub use windows::Windows;

/// Most tensors one node concatenates.
pub const MAX_PARTS: usize = 8;

/// How a tensor comes from others without exchange. `Id` names tensors: nodes of a plan, or of what becomes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local<Id = NodeId> {
    /// The sum of the inputs, or the first without the second.
    Add {
        /// First and second operand.
        inputs: [Id; 2],
        /// Whether the second operand is subtracted.
        subtract: bool,
    },
    /// Adds a constant per channel that only the server knows: on other components, and here, it changes nothing.
    Offset {
        /// The tensor.
        input: Id,
    },
    /// Joins tensors along the channels.
    Concat {
        /// The parts in order.
        inputs: Vec<Id, MAX_PARTS>,
    },
    /// Sums over windows (average pooling; the divisor is in the scale). Padding contributes nothing.
    SumPool {
        /// The tensor.
        input: Id,
        /// The windows.
        windows: Windows,
    },
    /// Picks elements: slices, mirror images, zero padding, strides, resizing by repetition.
    View {
        /// The tensor.
        input: Id,
        /// Which ones.
        picks: Picks,
    },
    /// The same elements in the same order under another shape.
    Reshape {
        /// The tensor.
        input: Id,
    },
    /// Multiplies by `2^by`, from Z_2^n into Z_2^(n + by).
    Shift {
        /// The tensor.
        input: Id,
        /// Bits, 1..=30.
        by: u8,
    },
    /// The same elements in another order: axes permuted.
    Permute {
        /// The tensor.
        input: Id,
        /// Where they go.
        permutation: Permutation,
    },
}

impl<Id> Local<Id> {
    /// The tensors it reads, in order.
    pub fn inputs(&self) -> &[Id] {
        match self {
            Self::Add { inputs, .. } => inputs,
            Self::Concat { inputs } => inputs,
            Self::Offset { input }
            | Self::SumPool { input, .. }
            | Self::View { input, .. }
            | Self::Reshape { input }
            | Self::Shift { input, .. }
            | Self::Permute { input, .. } => core::slice::from_ref(input),
        }
    }

    /// The same operation on the tensors that `to` says.
    pub fn map<To>(&self, mut to: impl FnMut(&Id) -> To) -> Local<To> {
        match self {
            Self::Add { inputs, subtract } => {
                Local::Add { inputs: inputs.each_ref().map(to), subtract: *subtract }
            }
            Self::Offset { input } => Local::Offset { input: to(input) },
            Self::Concat { inputs } => Local::Concat { inputs: inputs.iter().map(to).collect() },
            Self::SumPool { input, windows } => Local::SumPool { input: to(input), windows: *windows },
            Self::View { input, picks } => Local::View { input: to(input), picks: *picks },
            Self::Reshape { input } => Local::Reshape { input: to(input) },
            Self::Shift { input, by } => Local::Shift { input: to(input), by: *by },
            Self::Permute { input, permutation } => {
                Local::Permute { input: to(input), permutation: permutation.clone() }
            }
        }
    }
}

/// A name for people.
impl<Id> fmt::Display for Local<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { subtract, .. } => f.write_str(if *subtract { "subtract" } else { "add" }),
            Self::Offset { .. } => f.write_str("offset"),
            Self::Concat { .. } => f.write_str("concat"),
            Self::SumPool { windows, .. } => {
                write!(f, "sum pool {}x{}", windows.kernel[0], windows.kernel[1])
            }
            Self::View { .. } => f.write_str("view"),
            Self::Reshape { .. } => f.write_str("reshape"),
            Self::Shift { by, .. } => write!(f, "shift {by}"),
            Self::Permute { .. } => f.write_str("permute"),
        }
    }
}

#[cfg(test)]
mod tests;
