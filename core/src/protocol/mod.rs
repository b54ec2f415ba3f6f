//! The steps of the protocol. Each file holds one step with the halves of all parties beside each other, as functions
//! on slices; what is exchanged between them is said in the file's head. They are generic over the [`Word`](crate::word::Word)
//! they compute on, so that proofs run the same code on symbols.
//!
//! A tensor is *split*: `x = a + x_cd` modulo 2^bits, `a` at the server, `x_cd` at client and dealer.

pub mod block_relu;
pub mod extend;
pub mod linear;
pub mod multiply;
pub mod piecewise;
pub mod reveal;
pub mod tiling;
