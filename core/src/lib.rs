//! The brelu protocol for private neural-network inference: no std, no heap, no unsafe.
//!
//! Three parties, semi-honest, no two of them working together: a *client* has an input, a *server* has the weights of a
//! network, a *dealer* hands out correlated randomness before the input exists. From the bottom up:
//!
//! - [`ring`] is arithmetic modulo 2^k on words, [`bits`] packs such residues without gaps.
//! - [`prf`] expands a key that two parties share into randomness with addresses, so that any mask is found again without
//!   storing it.
//! - A value is *split*: `x = a + x_cd`, `a` at the server and `x_cd` at client and dealer. [`share`] has the types of such
//!   components, [`masks`] regenerates the second one of any tensor.
//! - [`protocol`] holds the steps: truncating linear layers, products, block-ReLU, ring extension, opening. Each is a few
//!   functions on slices, one half a party. [`cost`] says what each sends, in bits.
//! - [`format`](mod@format) says which widths of rings and windows a network can have.
//! - [`plan`] is what all parties know of a network: a checked file that is read in place. [`geometry`] has its shapes,
//!   [`local`] the operations that exchange nothing, [`lifetime`] says how long their tensors are needed.
//! - [`transport`] carries frames and messages of packed fields between parties.
//! - [`channel`] makes a connection secure: handshake, identities, sealed records, and the keys that pairs of parties share.
//! - [`client`] is a whole party: it walks a plan over a transport in memory that its caller owns. [`thin`] is a device that
//!   leaves the walking to a client it trusts.
//!
//! Server and dealer are in `brelu-host`, because they hold whole tensors; they use the same steps.
//!
//! A linear layer and its activation, as the three see it:
//!
//! ```text
//!            client                      server                         dealer
//! offline    v = hi(x_cd * W_cs) + zeta ───────>
//!                                               <─────── u = hi(x_cd * W_sd) - zeta - z_cd; tables, shares
//! online                                 a_z = hi(a * W + bias) + u + v
//!                              <─────── c, T_s[c], m     (a_z masked)
//!            T_c[c], e ───────>
//!                                        a_y: y = a_y + y_cd
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod bits;
pub mod channel;
pub mod client;
pub mod cost;
pub mod format;
pub mod geometry;
pub mod lifetime;
pub mod local;
pub mod masks;
pub mod plan;
pub mod prf;
pub mod protocol;
pub mod ring;
pub mod share;
pub mod thin;
pub mod transport;
pub mod word;
