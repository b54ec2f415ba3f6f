//! Running the command and judging what it says.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) const BRELU: &str = env!("CARGO_BIN_EXE_brelu");

/// What a command did.
pub(crate) struct Ran {
    command: String,
    output: Output,
}

/// Runs `brelu` with the words of `line` in `folder`.
pub(crate) fn brelu(folder: &Path, line: &str) -> Ran {
    let output = Command::new(BRELU).args(words(line)).current_dir(folder).output().unwrap();
    Ran { command: line.into(), output }
}

/// Commands that keep something.
const KEEPERS: [&str; 7] = ["infer", "ping", "prepare", "evaluate", "serve", "deal", "delegate"];

/// The words of a command, with a state folder of its own where it does not name one: tests run side by side.
fn words(line: &str) -> Vec<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let keeps = words.first().is_some_and(|first| KEEPERS.contains(&first.as_str()));
    if keeps && !line.contains("--state") && !line.contains("--help") {
        words.push(format!("--state=state/{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    }
    words
}

impl Ran {
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The output of a command that must succeed and keep quiet on standard error.
    pub(crate) fn succeeds(&self) -> String {
        let success = self.output.status.success();
        assert!(success, "brelu {}: {}\n{}", self.command, self.stderr(), self.stdout());
        assert_eq!(self.stderr(), "", "brelu {}", self.command);
        self.stdout()
    }

    /// What a command printed, however it ended.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// The status it ended with.
    pub(crate) fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Asserts the status of failure (of its own, of a missing party, of one that refuses) and a single sentence on standard
    /// error that has all the words.
    pub(crate) fn fails(&self, words: &[&str]) {
        let (stderr, command) = (self.stderr(), &self.command);
        assert!(matches!(self.status(), Some(1 | 3 | 4)), "brelu {command}: {stderr}{}", self.stdout());
        assert_eq!(stderr.lines().count(), 1, "brelu {command}: {stderr}");
        assert!(stderr.starts_with("error: "), "brelu {command}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "brelu {command}: {word:?} is not in {stderr}");
        }
    }

    /// Asserts the status of wrong usage.
    pub(crate) fn misuses(&self, words: &[&str]) {
        assert_eq!(self.output.status.code(), Some(2), "brelu {}: {}", self.command, self.stderr());
        for word in words {
            assert!(
                self.stderr().contains(word),
                "brelu {}: {word:?} is not in {}",
                self.command,
                self.stderr()
            );
        }
    }
}

/// A server or dealer that ends with the test.
pub(crate) struct Listening {
    child: Child,
    pub(crate) address: String,
}

impl Listening {
    /// Starts a command and waits for the line that says where it listens.
    pub(crate) fn start(folder: &Path, line: &str) -> Self {
        let free = if line.contains("--listen") { "" } else { " --listen 127.0.0.1:0" };
        let mut child = Command::new(BRELU)
            .args(words(&format!("{line}{free} --quiet")))
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let address = said.trim().strip_prefix("listening on ").expect("an address").to_owned();
        Self { child, address }
    }

    /// Asks it to end and returns whether it ended well.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The JSON of every line that a command printed.
pub(crate) fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(json).collect()
}

/// The JSON that a command printed.
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
