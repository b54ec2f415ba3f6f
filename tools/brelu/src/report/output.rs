use std::fmt::{Arguments, Display};
use std::io::{self, Write};

use serde::Serialize;

/// Writes text to standard output. The reader may have left, as `head` does: the error says so instead of a panic.
///
/// # Errors
/// Those of standard output.
pub fn print(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    out.flush()
}

/// Writes a value as indented JSON to standard output.
///
/// # Errors
/// Those of standard output.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    print(serde_json::to_string_pretty(value)? + "\n")
}

/// Writes a line to standard error, for people who watch; whether they do does not matter.
pub fn note(line: Arguments<'_>) {
    drop(writeln!(io::stderr(), "{line}"));
}
