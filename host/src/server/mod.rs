//! The server: has the weights, computes on masked values, and learns nothing of the input or the result.

mod engine;
mod linear;
mod model;
mod open;
mod session;

pub use engine::{Evaluation, Material, Stage};
pub use model::ServerModel;
pub use session::{Server, ServerOptions};
