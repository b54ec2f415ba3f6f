use std::fmt::Arguments;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::note;

/// What takes less time leaves nothing in a log.
const PATIENCE: Duration = Duration::from_secs(5);

/// A progress bar on standard error; invisible unless that is a terminal.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar of `len` steps.
    pub fn new(len: u64, what: &str) -> Self {
        Self::with(ProgressBar::new(len), "{msg} [{bar:30}] {pos}/{len} {elapsed} (left: {eta})", what)
    }

    /// Something that takes a while, nobody knows how long.
    pub fn spinner(what: &str) -> Self {
        Self::with(ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}", what)
    }

    fn with(bar: ProgressBar, template: &str, what: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Says what is being done now.
    pub fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// Says what is being done now, as a line of its own where there is no terminal to show the bar and the whole has taken
    /// more than [`PATIENCE`].
    pub fn log(&self, what: impl Into<String>) {
        let what = what.into();
        if self.0.is_hidden() && self.0.elapsed() >= PATIENCE {
            note(format_args!("{what}"));
        }
        self.say(what);
    }

    /// A line of text that stays on standard error, above the bar.
    pub fn aside(&self, line: Arguments<'_>) {
        self.0.suspend(|| note(line));
    }

    /// Does something that writes lines itself, with the bar out of the way.
    pub fn paused<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Sets the steps done.
    pub fn at(&self, done: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(done);
    }

    /// One more step.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
