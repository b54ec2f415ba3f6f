//! What the end-to-end tests share: a [`world`] of three [`parties`] in memory with taps on every [`wire`], [`script`]s of
//! what may happen to them, [`lists`] of who may connect, a [`device`] with a delegate, its [`flash`] and its [`socket`], a plaintext [`mod@reference`] of plans in interval
//! arithmetic, [`build`] to put plans together by hand or at random, and a [`mod@check`] of one by itself.

pub mod build;
pub mod check;
pub mod device;
pub mod flash;
pub mod lists;
pub mod memory;
pub mod parties;
pub mod reference;
pub mod script;
pub mod socket;
pub mod wire;
pub mod world;
