//! The solver: Z3 as a process of its own, with SMT-LIB text both ways.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Seconds that one question may take.
pub(crate) const LIMIT: u32 = 120;

/// Whether there is a solver. Says so once where there is none, past what captures the output of tests.
pub fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let run = Command::new("z3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        let there = run.is_ok_and(|status| status.success());
        if !there {
            let missing = "skipped: the proofs by SMT need z3, which is not here (apt-get install -y z3)\n";
            let _ = std::io::stderr().write_all(missing.as_bytes());
        }
        there
    })
}

/// What the solver says to `text`.
///
/// # Errors
/// If it cannot be started or stops reading.
pub(crate) fn ask(text: &str) -> std::io::Result<String> {
    let mut process = Command::new("z3")
        .args(["-in", "-smt2", &format!("-T:{LIMIT}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = process.stdin.take() {
        match input.write_all(text.as_bytes()) {
            // It has answered and left: what it said tells why.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    let output = process.wait_with_output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
