//! The dealer: hands out correlated randomness before any input exists. It has nothing secret but its own randomness,
//! and learns nothing: of the model it sees a masked component, of inputs nothing.

mod engine;
mod library;
mod lists;
mod session;

pub use engine::{DealerKeys, DealerModel};
pub use session::{Dealer, DealerOptions, DealerParty};
