//! A party in a process of its own that is killed and started again, with the same records and the same address.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::TrialError;
use super::numbers::{Numbers, Reporter};
use crate::process::{PartyError, PartyProcess};

/// How long a party may take to come back.
const START: Duration = Duration::from_secs(10);

/// How a party is started.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) reporter: Reporter,
    pub(super) args: Vec<OsString>,
}

/// Keeps a party.
#[derive(Debug)]
pub(super) struct Keeper {
    recipe: Recipe,
    numbers: Numbers,
    address: String,
    party: Mutex<Option<PartyProcess>>,
}

impl Keeper {
    /// Starts the party on a free port of an address of this machine.
    pub(super) fn start_on(recipe: Recipe, numbers: &Numbers, host: Ipv4Addr) -> Result<Self, TrialError> {
        let party = launch(&recipe, numbers, &format!("{host}:0"), None)?;
        let address = party.address().to_owned();
        Ok(Self { recipe, numbers: numbers.clone(), address, party: Mutex::new(Some(party)) })
    }

    /// Where it listens whenever it does.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    fn party(&self) -> MutexGuard<'_, Option<PartyProcess>> {
        self.party.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills it; its log is read to the end.
    pub(super) fn kill(&self) {
        *self.party() = None;
    }

    /// Starts it again where it was. Whoever connects meanwhile may have its port for a moment.
    pub(super) fn restart(&self, blocks: Option<u32>) -> Result<(), TrialError> {
        let end = Instant::now() + START;
        let mut party = self.party();
        loop {
            match launch(&self.recipe, &self.numbers, &self.address, blocks) {
                Ok(started) => {
                    *party = Some(started);
                    return Ok(());
                }
                Err(error) if Instant::now() > end => return Err(error.into()),
                Err(_) => sleep(Duration::from_millis(100)),
            }
        }
    }

    /// Kills it now, and has it started again.
    pub(super) fn replace(self: &Arc<Self>) {
        self.kill();
        let keeper = self.clone();
        // That it does not come back shows when it is waited for.
        std::thread::spawn(move || drop(keeper.restart(None)));
    }

    /// Waits until it is there; whether it is.
    pub(super) fn is_back(&self) -> bool {
        let end = Instant::now() + START;
        while Instant::now() < end {
            if self.party().is_some() {
                return true;
            }
            sleep(Duration::from_millis(5));
        }
        false
    }

    /// The process, if it is there.
    pub(super) fn id(&self) -> Option<u32> {
        self.party().as_ref().map(PartyProcess::id)
    }
}

fn launch(
    recipe: &Recipe,
    numbers: &Numbers,
    address: &str,
    blocks: Option<u32>,
) -> Result<PartyProcess, PartyError> {
    let name = recipe.name;
    let mut command = program(blocks).map_err(|error| PartyError::Start { name, error })?;
    command.args(&recipe.args).args(["--listen", address]);
    PartyProcess::launch(name, command, numbers.writer(recipe.reporter))
}

/// This program, whose files may have so many blocks at most: what is beyond fails as on a full disk, if the signal
/// that comes with it is ignored.
pub(super) fn program(blocks: Option<u32>) -> std::io::Result<Command> {
    let program = std::env::current_exe()?;
    let Some(blocks) = blocks else { return Ok(Command::new(program)) };
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]).arg(program);
    Ok(command)
}
