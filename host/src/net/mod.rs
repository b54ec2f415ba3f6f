//! The parties on a network: connections, services, and a client that measures itself and finds its way back.

mod connect;
mod service;
mod session;
mod stream;

pub use connect::{Patience, connect};
pub use service::{Delegating, Host, ListenError, Service, Serving};
pub use session::{ClientSession, Measured, Notice, Target};
pub use stream::{Listener, Stream, bind, check_address};

use std::io;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// A runtime whose workers carry bytes while sessions compute on threads of their own.
///
/// # Errors
/// If the system gives no threads.
pub fn runtime() -> io::Result<Runtime> {
    let cores = available_parallelism().map_or(2, usize::from);
    Builder::new_multi_thread().worker_threads(cores.max(2)).enable_all().build()
}
