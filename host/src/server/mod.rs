//! The server: has the weights, computes on masked values, and learns nothing of the input or the result.

mod device;
mod engine;
mod errands;
mod linear;
mod live;
mod material;
mod model;
mod open;
mod service;
mod session;

pub use engine::{Evaluation, Material, Messages, Stage};
pub use model::ServerModel;
pub use service::{Server, ServerOptions, ServerParty};
