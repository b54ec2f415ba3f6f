use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write, sink};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use thiserror::Error;

/// What a party prints, followed by its address, when it is ready.
pub const LISTENING: &str = "listening on ";

/// Why a party's process could not be started.
#[derive(Debug, Error)]
pub enum PartyError {
    /// The system did not start it.
    #[error("cannot start the {name} process: {error}")]
    Start {
        /// Which party.
        name: &'static str,
        /// The system's words.
        error: std::io::Error,
    },
    /// It ended before it listened.
    #[error("the {name} process did not start: {reason}")]
    Ended {
        /// Which party.
        name: &'static str,
        /// Its own words.
        reason: String,
    },
}

/// A server or dealer in a process of its own. It ends when this is dropped, and when this process ends in any way.
#[derive(Debug)]
pub struct PartyProcess {
    child: Child,
    address: String,
    log: Option<JoinHandle<()>>,
}

impl PartyProcess {
    /// Starts this program with `args`, which must make it listen, and waits until it does.
    ///
    /// # Errors
    /// If it cannot be started or ends early.
    pub fn start<S: AsRef<OsStr>>(
        name: &'static str,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Self, PartyError> {
        let program = std::env::current_exe().map_err(|error| PartyError::Start { name, error })?;
        let mut command = Command::new(program);
        command.args(args);
        Self::launch(name, command, sink())
    }

    /// As [`Self::start`], with a command that runs this program in the end; `log` gets what it says on standard error.
    ///
    /// # Errors
    /// As there.
    pub fn launch(
        name: &'static str,
        mut command: Command,
        log: impl Write + Send + 'static,
    ) -> Result<Self, PartyError> {
        let failed = |error| PartyError::Start { name, error };
        command.arg("--with-parent");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for this process, which decides what becomes of the parties.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(failed)?;
        let mut party = Self { child, address: String::new(), log: None };
        match party.child.stdout.take().and_then(announced) {
            Some(address) => party.address = address,
            None => return Err(PartyError::Ended { name, reason: party.last_words() }),
        }
        party.drain(log);
        Ok(party)
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn last_words(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            // Whatever could be read is better than nothing.
            drop(stderr.read_to_string(&mut text));
        }
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    }

    /// Keeps the log pipe from filling up.
    fn drain(&mut self, mut log: impl Write + Send + 'static) {
        // A log that cannot be written is nobody's concern but its reader's.
        let mut copy = move |mut stderr| drop(std::io::copy(&mut stderr, &mut log));
        self.log = self.child.stderr.take().map(|stderr| std::thread::spawn(move || copy(stderr)));
    }
}

impl Drop for PartyProcess {
    fn drop(&mut self) {
        // A process that has ended already cannot be killed, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        // The log is complete then; its thread has nothing to panic about.
        drop(self.log.take().map(JoinHandle::join));
    }
}

fn announced(stdout: ChildStdout) -> Option<String> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).ok()?;
    Some(line.trim_end().strip_prefix(LISTENING)?.to_owned())
}

/// The most memory a process had in use so far, in bytes, where the system tells.
pub fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}
