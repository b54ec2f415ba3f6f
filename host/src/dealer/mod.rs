//! The dealer: hands out correlated randomness before any input exists. It has nothing secret but its own randomness,
//! and learns nothing of images or weights: of the model it sees a masked component, of inputs nothing. It learns which
//! client of which server prepares when, and when an inference of it begins, since it remembers how many did
//! ([`crate::state::Generations`]).

mod engine;
mod library;
mod lists;
mod parts;
mod product;
mod receive;
mod session;
mod share;
mod storage;

pub use engine::{DealerKeys, DealerModel};
pub use session::{Dealer, DealerOptions, DealerParty};
pub use share::ServerShare;
