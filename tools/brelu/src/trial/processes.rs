//! Clients in processes of their own.

use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::TrialError;
use super::keeper::program;
use super::numbers::{Numbers, Reporter};
use super::reply::{Reply, replies};
use super::subject::Subject;
use super::tally::End;

/// A client's process while it runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<Option<Child>>>);

impl Running {
    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills it, if it still runs.
    pub(super) fn kill(&self) {
        // One that has ended by itself cannot be killed.
        drop(self.child().as_mut().map(Child::kill));
    }

    /// Runs a command to its end; what it said on standard output and standard error.
    fn run(&self, mut command: Command) -> std::io::Result<(String, String)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        *self.child() = Some(child);
        let errors = std::thread::spawn(move || stderr.map(std::io::read_to_string));
        let said = stdout.map_or(Ok(String::new()), std::io::read_to_string)?;
        let errors = errors.join().ok().flatten().unwrap_or(Ok(String::new()))?;
        self.child().as_mut().map(Child::wait).transpose()?;
        Ok((said, errors))
    }
}

/// Runs a client to its end, with files of so many blocks at most.
pub(super) fn client(
    subject: &Subject,
    args: &[OsString],
    blocks: Option<u32>,
    numbers: &Numbers,
    running: &Running,
) -> Result<End, TrialError> {
    let mut command = program(blocks)?;
    command.args(args);
    let (stdout, stderr) = running.run(command)?;
    numbers.log(Reporter::Client, &stderr);
    let replies = replies(&stdout);
    let right = |reply: &Reply| subject.is_right(reply.picture, &reply.output);
    Ok(match replies.iter().find_map(|reply| reply.error.clone()) {
        Some(error) => End::Told(error),
        None if replies.is_empty() => End::Told(last_words(&stderr)),
        None if replies.iter().all(right) => End::Right,
        None => End::Wrong,
    })
}

fn last_words(stderr: &str) -> String {
    let last = stderr.lines().rev().find(|line| line.starts_with("error: "));
    last.unwrap_or("error: it was killed").trim_start_matches("error: ").to_owned()
}
