//! What the end-to-end tests share: a [`world`] of three [`parties`] in memory with taps on every [`wire`], [`script`]s of
//! what may happen to them, a device's [`flash`] and its [`socket`], a plaintext [`mod@reference`] of plans in interval
//! arithmetic, and [`build`] to put plans together by hand or at random.

pub mod build;
pub mod flash;
pub mod memory;
pub mod parties;
pub mod reference;
pub mod script;
pub mod socket;
pub mod wire;
pub mod world;
