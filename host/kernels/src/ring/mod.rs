//! Linear maps over the ring of integers mod 2^32, fast on the processor at hand.
//!
//! A [`Linear`] holds the weights of one convolution or fully connected layer, packed for a [`Backend`], and adds its
//! map of an input to an output. Every backend computes the same sums; they differ in the instructions that do so.
//! How a map is computed depends on its geometry:
//!
//! * one output pixel: a dot product a row, limited by the memory that holds the weights (`dot`);
//! * few output planes a group, depthwise above all: a pass over the planes (`direct`);
//! * 3x3 with stride 1, where the ring leaves bits to spare: minimal filtering (`winograd`);
//! * anything else: a blocked matrix product (`gemm`) over gathered `patches`, in tiles of registers (`micro`).

mod backend;
mod compiled;
mod direct;
mod dot;
mod error;
mod format;
mod gemm;
mod linear;
mod micro;
mod patches;
mod plain;
mod planes;
mod room;
mod winograd;

pub use backend::Backend;
pub use error::KernelError;
pub use linear::Linear;
pub use plain::plain;
pub use room::KernelRoom;
