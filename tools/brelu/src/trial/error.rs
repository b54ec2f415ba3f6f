use brelu_core::plan::PlanError;
use brelu_host::keys::{KeyError, KeyFileError};
use brelu_host::state::StateError;
use brelu_kernels::ring::KernelError;
use thiserror::Error;

use crate::device::provision::ProvisionError;
use crate::process::PartyError;
use brelu_compile::CompileError;
use brelu_compile::simulate::SimulateError;
use brelu_data::demo::DemoError;
use brelu_host::net::ListenError;
use brelu_networks::graph::{GraphError, RunError};

/// Why a trial could not be held, whatever its outcome would have been.
#[derive(Debug, Error)]
pub enum TrialError {
    /// The generated network.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// Its compilation.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The simulation that tells what is right.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// The kernels.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// No picture's result is clear enough to be told from a wrong one.
    #[error(
        "this network decides no generated picture clearly enough to tell a wrong result from a right one"
    )]
    Unclear,
    /// The system's randomness.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Keys of the parties.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Records of the parties.
    #[error(transparent)]
    State(#[from] StateError),
    /// A party's process.
    #[error(transparent)]
    Party(#[from] PartyError),
    /// An address of this machine.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The device's process.
    #[error("cannot start {program}: {error}")]
    Device {
        /// The program.
        program: String,
        /// The system's words.
        error: std::io::Error,
    },
    /// What the device is given.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The plaintext network.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A picture for it.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A session without any fault.
    #[error("a session without any fault did not end well: {0}")]
    Undisturbed(String),
    /// A thread of the trial.
    #[error("a thread of the trial ended by a defect")]
    Interrupted,
    /// Files and threads of the trial itself.
    #[error("the trial itself failed: {0}")]
    Io(#[from] std::io::Error),
}
