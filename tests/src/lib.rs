//! What the end-to-end tests share: a [`world`] of three parties in memory, a plaintext [`mod@reference`] of plans in
//! interval arithmetic, and [`build`] to put plans together by hand or at random.

pub mod build;
pub mod reference;
pub mod world;
