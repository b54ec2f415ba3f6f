//! The server: has the weights, computes on masked values, and learns nothing of the input or the result.

mod admission;
mod delegations;
mod device;
mod engine;
mod generation;
mod linear;
mod live;
mod material;
mod model;
mod open;
mod product;
mod service;
mod session;
mod store_writer;

pub use engine::{Evaluation, Stage};
pub use material::Material;
pub use model::{ServerModel, weights_seed};
pub use service::{Server, ServerOptions, ServerParty};
