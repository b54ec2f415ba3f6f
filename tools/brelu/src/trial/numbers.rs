//! Which numbers the parties used, as they report it themselves, and whether one came twice.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brelu_host::event::{Event, Observer};

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reporter {
    /// A client.
    Client,
    /// A server.
    Server,
    /// A dealer.
    Dealer,
    /// A device, on its console.
    Device,
}

/// What a number was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// An epoch of a session.
    Epoch,
    /// The client sent its masked input under it.
    Sent,
    /// The server took the material of it out.
    Ran,
    /// The dealer dealt for it.
    Dealt,
}

type Uses = BTreeMap<(Reporter, Purpose, String, u64), u32>;

/// The numbers of all parties of a trial, by client.
#[derive(Clone, Debug, Default)]
pub struct Numbers(Arc<Mutex<Uses>>);

impl Numbers {
    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down a use.
    pub fn record(&self, reporter: Reporter, purpose: Purpose, client: String, number: u64) {
        *self.uses().entry((reporter, purpose, client, number)).or_default() += 1;
    }

    /// Writes down what a party of this process reports.
    pub fn observer(&self, reporter: Reporter) -> Observer {
        let numbers = self.clone();
        Observer::new(move |event| numbers.event(reporter, event))
    }

    fn event(&self, reporter: Reporter, event: &Event) {
        let (purpose, client, number) = match event {
            Event::Epoch(client, epoch) => (Purpose::Epoch, client, u64::from(*epoch)),
            Event::Sent(client, number) => (Purpose::Sent, client, *number),
            Event::Used(client, number) => (Purpose::Ran, client, *number),
            Event::Dealt(client, number) => (Purpose::Dealt, client, *number),
            Event::Prepared(..) | Event::Discarded(..) => return,
        };
        self.record(reporter, purpose, client.to_string(), number);
    }

    /// Writes down what a party of another process reported: its log, in which events are lines among others.
    pub fn log(&self, reporter: Reporter, text: &str) {
        for (purpose, client, number) in text.lines().filter_map(parse) {
            self.record(reporter, purpose, client.to_owned(), number);
        }
    }

    /// Takes the log of another process as it is written.
    pub fn writer(&self, reporter: Reporter) -> LogWriter {
        LogWriter { numbers: self.clone(), reporter, rest: Vec::new() }
    }

    /// How many numbers were used for `purpose`.
    pub fn count(&self, reporter: Reporter, purpose: Purpose) -> usize {
        self.uses().keys().filter(|(by, of, ..)| (*by, *of) == (reporter, purpose)).count()
    }

    /// How many numbers one party used more than once for the same.
    pub fn reused(&self) -> usize {
        self.uses().values().filter(|uses| **uses > 1).count()
    }
}

/// Reads a party's log line by line.
#[derive(Debug)]
pub struct LogWriter {
    numbers: Numbers,
    reporter: Reporter,
    rest: Vec<u8>,
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        if let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') {
            let lines: Vec<u8> = self.rest.drain(..=end).collect();
            self.numbers.log(self.reporter, &String::from_utf8_lossy(&lines));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An event as it is printed: `client KEY: epoch N`, `client KEY: inference N runs`.
fn parse(line: &str) -> Option<(Purpose, &str, u64)> {
    let (client, what) = line.strip_prefix("client ")?.split_once(": ")?;
    let words: Vec<&str> = what.split(' ').collect();
    let (purpose, number) = match words[..] {
        ["epoch", number] => (Purpose::Epoch, number),
        ["inference", number, "sent"] => (Purpose::Sent, number),
        ["inference", number, "runs"] => (Purpose::Ran, number),
        ["inference", number, "dealt"] => (Purpose::Dealt, number),
        _ => return None,
    };
    Some((purpose, client, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use brelu_core::channel::KeyId;

    #[test]
    fn events_and_their_lines_are_the_same() {
        let client = KeyId::new([7; 8]);
        let all = [
            Event::Epoch(client, 3),
            Event::Sent(client, 4),
            Event::Used(client, 4),
            Event::Dealt(client, 4),
        ];
        let (told, read) = (Numbers::default(), Numbers::default());
        for event in &all {
            told.event(Reporter::Server, event);
            read.log(Reporter::Server, &format!("something else\n{event}\n"));
        }
        assert_eq!(*told.uses(), *read.uses());
        assert_eq!(told.uses().len(), 4);
        assert_eq!(told.reused(), 0);
        read.log(Reporter::Dealer, &all[2].to_string());
        assert_eq!(read.reused(), 0);
        read.log(Reporter::Server, &all[2].to_string());
        assert_eq!(read.reused(), 1);
    }
}
