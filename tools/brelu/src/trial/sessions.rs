//! Inferences of a client whose results are judged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brelu_host::client::{ClientMemory, ClientParty};
use brelu_host::error::SessionError;
use tokio::time::timeout;

use super::subject::Subject;
use super::tally::End;
use brelu_host::net::{ClientSession, Patience, Target};

/// What a client does in one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// Inferences prepared before the first one runs.
    pub(super) prepare: usize,
    /// The pictures, by number.
    pub(super) pictures: (usize, usize),
}

/// Who does tasks where, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Runner<'s> {
    pub(super) subject: &'s Subject,
    pub(super) party: Arc<ClientParty>,
    pub(super) address: String,
    pub(super) patience: Patience,
    /// No task may take longer.
    pub(super) limit: Duration,
}

impl Runner<'_> {
    /// Does one task.
    pub(super) async fn run(&self, task: Task, memory: &mut ClientMemory) -> (End, Duration) {
        let start = Instant::now();
        let end = match timeout(self.limit, self.session(task, memory)).await {
            Ok(Ok(true)) => End::Right,
            Ok(Ok(false)) => End::Wrong,
            Ok(Err(error)) => End::Told(error.to_string()),
            Err(_) => End::Hung,
        };
        (end, start.elapsed())
    }

    async fn session(&self, task: Task, memory: &mut ClientMemory) -> Result<bool, SessionError> {
        let target = Target {
            plan: self.subject.plan,
            address: self.address.clone(),
            patience: self.patience,
            party: self.party.clone(),
        };
        let mut session = ClientSession::start(target, memory, |_| ()).await?;
        session.prepare(task.prepare, &mut |_, _| ()).await?;
        let mut right = true;
        for picture in task.pictures.0..task.pictures.1 {
            let measured = session.infer(&self.subject.picture(picture).input, &mut |_, _| ()).await?;
            right &= self.subject.is_right(picture, &measured.output);
        }
        // All results are there; whether the server hears the good-bye does not matter.
        drop(session.close().await);
        Ok(right)
    }
}
