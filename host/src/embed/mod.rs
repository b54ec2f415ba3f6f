//! Parties to embed in a program: a client, a server or a dealer in a few lines, with records on disk.

mod answer;
mod client;
mod dealer;
mod error;
mod input;
mod keys;
mod running;
mod server;

pub use answer::{Answer, Class};
pub use client::Client;
pub use dealer::Dealer;
pub use error::{EmbedError, InputError};
pub use input::{pixels, quantise_input, units};
pub use keys::Keys;
pub use running::{Handle, Listening};
pub use server::{DealerAddress, Server};
