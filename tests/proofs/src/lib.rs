//! Draft.
pub mod claim;
pub mod claims;
pub mod enumeration;
pub mod fault;
pub mod lanes;
pub mod recover;
mod replay;
mod smt;
pub mod solver;
pub mod steps;
pub mod symbol;
mod term;
