//! How a failed command ends: its status, and what it says to people or programs.

use brelu_host::error::SessionError;
use brelu_tools::evaluate::EvaluateError;
use serde::Serialize;

/// What every command says of its status.
pub(crate) const HELP: &str = "\
Status: 0 done; 1 it cannot be done (a file, a network, a value of an option; the error says what); 2 the command line is \
wrong; 3 another party is not there, was lost or has no room now: the same command may succeed later; 4 another party refuses, \
or does not keep to the protocol. An error is one line on standard error; with --json it is {\"error\": \"...\", \"status\": 3}.";

/// An error for programs.
#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
    status: u8,
}

/// Says what went wrong in one line on standard error, as JSON if that is wanted, and returns the status to end with.
pub(crate) fn tell(error: &anyhow::Error, json: bool) -> u8 {
    let lines: Vec<String> = format!("{error:#}").lines().map(|line| line.trim().to_owned()).collect();
    let (line, status) = (lines.join(" "), status(error));
    let failure = Failure { error: &line, status };
    match serde_json::to_string(&failure) {
        Ok(object) if json => brelu_tools::report::note(format_args!("{object}")),
        _ => brelu_tools::report::note(format_args!("error: {line}")),
    }
    status
}

fn status(error: &anyhow::Error) -> u8 {
    let session = error.chain().find_map(|cause| {
        let of_evaluation = || match cause.downcast_ref() {
            Some(EvaluateError::Session(error)) => Some(error),
            _ => None,
        };
        cause.downcast_ref::<SessionError>().or_else(of_evaluation)
    });
    match session {
        None => 1,
        Some(error) if error.is_passing() => 3,
        Some(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_status_says_whether_to_try_again() {
        let gone = || SessionError::Unreachable { peer: "server", address: "a:1".into(), error: "no".into() };
        assert_eq!(status(&anyhow::anyhow!("no such file")), 1);
        assert_eq!(status(&Err::<(), _>(gone()).context("3 of 80").unwrap_err()), 3);
        assert_eq!(status(&EvaluateError::Session(gone()).into()), 3);
        assert_eq!(status(&Err::<(), _>(SessionError::OtherPlan).context("again").unwrap_err()), 4);
    }
}
