//! Proofs about the steps of the protocol: that they compute what their doc comments say, and that the input stays private
//! even from a server that sends what it likes.
//!
//! ```text
//! cargo test -p brelu-proofs                       everything; about a minute on two cores
//! cargo test -p brelu-proofs --test smt            by SMT, for all values at real formats; needs z3
//! cargo test -p brelu-proofs --test enumeration    by counting, for all masks of a small ring
//! ```
//!
//! Without z3 (`apt-get install -y z3`) the first half says that it is skipped. A question that z3 does not answer within
//! two minutes is a failure.
//!
//! # What is proved for all values
//!
//! At (K, f, n, w) = (24, 12, 12, 6), (28, 12, 16, 7) and (32, 12, 20, 8), with all words unknown ([`claims`]):
//!
//! - A linear layer is off by at most 1.5 units, and exact if it drops nothing. The number by which server and dealer round
//!   makes the sum of their parts a function of the sum of their products.
//! - The summands of a product add up to it (for factors and masks that are zero or one, which is enough for polynomials of
//!   degree one in each), and are truncated as those of a linear layer.
//! - A decision is exact for block sums 2^(lo-1) < |s| < 2^(lo+w-1) - 2^(lo-1), at every position of the window, whatever the
//!   split of `s`.
//! - `select` gives the decision times `z'` for |z'| < 2^(n-2), ring extension included, whatever the shares are.
//! - `extend`, and input and output, keep the value.
//! - Views. For every input, all weights and all messages of the server, there is a formula ([`recover`]) that gives the masks
//!   from the server's view of a layer. It is an inverse from both sides: masks -> view -> masks and view -> masks -> view
//!   are the identity. So the view is a bijection of the masks, and uniform where they are. Later layers follow by
//!   induction: what a layer needs of earlier ones (`z_cd`, and the products of `x_cd` with weights that the server may
//!   have chosen) is an unknown of its own, as is all that the server sends, which may depend on everything before.
//!
//! # What is counted
//!
//! At K = 3, n = w = 2, for every input and 20 adaptive strategies with weights and server-dealer randomness of their own
//! ([`enumeration`]): over all masks of an input, a linear layer and a ReLU (2^22), a ReLU and the next linear layer (2^21),
//! two identities with linear layers before (2^15) and a label-only tournament of two classes (2^20), every view occurs
//! exactly once. Over all that server and dealer draw, what a client sees of a tournament (n = w = 5) depends on the index of
//! the winner only. That side is for clients that follow the protocol.
//!
//! # How the formulas are those of the code
//!
//! The steps in `brelu_core::protocol` are generic over the word they compute on (`brelu_core::word`). Parties run them on
//! `u32`, [`steps`] runs the same functions on [`symbol::Symbol`], which records every operation; the record is what z3 gets.
//! Tests compare symbols, `u32` and z3 on numbers. Only the lookup in a one-time table is written anew (it indexes memory in
//! the code): a test compares every entry of packed tables, as `pick_server` and `Stream::pick_bits` read them, with the
//! formula and with the lookup used here. Loops over elements, packing and addresses are outside of the proofs.
//!
//! # What is assumed
//!
//! - Masks are uniform and independent: that is ChaCha20, and that an address has one purpose.
//! - Products with weights are unknowns that add up: `a W + x_cd W_sd + x_cd W_cs = (a + x_cd) W` modulo 2^K.
//! - The product of a share of `lam` and a public value is an unknown of which only is used that multiplication distributes
//!   over addition (see `smt.rs`), so z3 never multiplies two unknown words. What holds for every such unknown holds for
//!   the product. Counterexamples are sought with the product itself, and checked with the arithmetic of Rust.
//! - That the client's shares may be zero while `select` is proved, and add up to the same otherwise, are three claims
//!   ([`claims::selection`], [`claims::dealing_out`], [`claims::effect`]); that they belong together is said there, not proved.
//! - z3.
//!
//! # What a failure would look like
//!
//! [`fault`] has errors to plant: a sign flipped, a mask used twice or missing, a term forgotten, partners swapped, a window
//! off by one. Each is planted where it matters, and each has to be found: by a counterexample, or by unequal counts.

pub mod claim;
pub mod claims;
pub mod enumeration;
pub mod fault;
pub mod lanes;
mod parts;
pub mod product;
pub mod recover;
mod replay;
mod smt;
pub mod solver;
pub mod steps;
pub mod symbol;
mod term;
