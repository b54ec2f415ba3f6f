//! Microcontrollers as clients: what they are given ([`provision`]).

pub mod provision;
