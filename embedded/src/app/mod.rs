//! A whole application: it classifies the pictures of its partition one after the other, says what it does, and comes back
//! after whatever goes wrong with its peers or the network.

mod party;
mod thin;

pub use party::{PartyApp, party};
pub use thin::{ThinApp, thin};

use core::cell::Cell;
use core::fmt;

use brelu_core::plan::Answer;
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, Timer, with_timeout};

use crate::error::DeviceError;
use crate::meter::Passed;
use crate::picture::Picture;
use crate::records::Records;
use crate::settings::{Card, Settings};

/// What an application needs of the machine it runs on.
pub trait Board: Send {
    /// Prints one line.
    fn print(&mut self, line: fmt::Arguments<'_>);

    /// Is called whenever there was progress, many times a second while there is work: feeds a watchdog. While the device
    /// waits for a peer there is none; such a wait ends after the patience it was provisioned with.
    fn alive(&mut self) {}

    /// Microseconds that the processor worked so far, if somebody counts.
    fn busy(&self) -> u64 {
        0
    }
}

/// How an application behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How long it waits for a connection.
    pub connect: Duration,
    /// The pause after a first failure; it doubles with every further one.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// Failures in a row after which it gives up; never, if this is `None`.
    pub failures: Option<u32>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
            failures: None,
        }
    }
}

/// What an application works with.
#[allow(missing_debug_implementations, reason = "the network stack has none")]
pub struct Machine<'a, B, E, F: embedded_storage_async::nor_flash::NorFlash> {
    /// Prints and counts.
    pub board: &'a mut B,
    /// Makes secrets.
    pub entropy: &'a mut E,
    /// Remembers.
    pub records: &'a mut Records<F>,
    /// The network.
    pub stack: Stack<'a>,
    /// How to behave.
    pub manner: Manner,
}

/// The pictures, and how far the work is.
struct Work<'a> {
    card: &'a Card<'a>,
    answer: Answer,
    pictures: &'a [u8],
    size: usize,
    next: usize,
    failures: u32,
    passed: &'a Cell<Passed>,
}

/// Where the meters stand.
#[derive(Clone, Copy)]
struct Mark {
    busy: u64,
    passed: Passed,
}

impl<'a> Work<'a> {
    fn new(
        settings: &Settings<'a>,
        (card, answer): (&'a Card<'a>, Answer),
        size: usize,
        passed: &'a Cell<Passed>,
    ) -> Self {
        let (next, failures) = (0, 0);
        Self { card, answer, pictures: settings.pictures, size: size.max(1), next, failures, passed }
    }

    fn len(&self) -> usize {
        self.pictures.len() / self.size
    }

    fn picture(&self) -> Option<Picture<'a>> {
        let bytes = self.pictures.get(self.next * self.size..)?.get(..self.size)?;
        Some(Picture::new(bytes, self.card))
    }

    fn mark(&self, board: &impl Board) -> Mark {
        Mark { busy: board.busy(), passed: self.passed.get() }
    }

    /// Prints a result; the three marks are before the preparation, between, and after the inference.
    fn done(&mut self, board: &mut impl Board, number: u64, output: &[i32], marks: [Mark; 3]) {
        let best = best(&self.answer, output);
        board.print(format_args!(
            "picture {}: {} (output {best}, inference {number}, offline {}, online {})",
            self.next,
            self.card.label(best).unwrap_or("?"),
            Spent(marks[0], marks[1]),
            Spent(marks[1], marks[2]),
        ));
        self.next += 1;
        self.failures = 0;
    }

    /// Prints what went wrong and waits; gives up if that is of use, or if it happens too often.
    async fn failed(
        &mut self,
        board: &mut impl Board,
        manner: &Manner,
        error: DeviceError,
    ) -> Result<(), DeviceError> {
        self.failures += 1;
        let (times, next) = (self.failures, self.next);
        if error.is_final() || manner.failures.is_some_and(|most| times >= most) {
            return Err(error);
        }
        board.print(format_args!("picture {next}, attempt {times}: {error}; trying again"));
        let pause = manner.pause * (1 << (times - 1).min(16));
        Timer::after(pause.min(manner.longest_pause)).await;
        Ok(())
    }
}

/// Busy time and bytes between two marks.
struct Spent(Mark, Mark);

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(from, to) = self;
        let (busy, up) = (to.busy - from.busy, to.passed.up - from.passed.up);
        write!(f, "{busy} us {up} up {} down", to.passed.down - from.passed.down)
    }
}

/// The class that is the answer: the first label, or the first of the largest scores; of a single score 1 above zero, else 0.
fn best(answer: &Answer, output: &[i32]) -> usize {
    match answer {
        Answer::Scores => match output {
            [one] => usize::from(*one > 0),
            _ => largest(output),
        },
        Answer::Labels { .. } => output.first().map_or(0, |label| *label as usize),
    }
}

/// The first of the largest elements.
fn largest(output: &[i32]) -> usize {
    let better = |best: usize, at: usize| if output[at] > output[best] { at } else { best };
    (0..output.len()).fold(0, better)
}

/// Ends a connection: in order, or at once if it failed.
async fn hang_up(socket: &mut TcpSocket<'_>, in_order: bool) {
    if in_order {
        socket.close()
    } else {
        socket.abort()
    }
    // The peer hears of it now or by its own time-out.
    drop(with_timeout(Duration::from_secs(1), socket.flush()).await);
}

/// The part of an output buffer that a network needs.
fn part(output: &mut [i32], want: usize) -> Result<&mut [i32], DeviceError> {
    let have = output.len();
    output.get_mut(..want).ok_or(DeviceError::Room { what: "outputs", want, have })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_largest_score_or_the_first_label() {
        assert_eq!(best(&Answer::Scores, &[3, 9, 9, 1]), 1);
        assert_eq!([-1, 0, 1].map(|one| best(&Answer::Scores, &[one])), [0, 0, 1]);
        let labels = Answer::Labels { count: 3, classes: 10 };
        assert_eq!(best(&labels, &[7, 9, 0]), 7);
    }
}
