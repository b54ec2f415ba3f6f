//! The `brelu` command: private inference from compiling a network to running the three parties.

#![forbid(unsafe_code)]
// Commands that are left out share arguments with those that are not.
#![cfg_attr(not(feature = "optimise"), allow(dead_code))]

mod cmd;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

fn main() -> ExitCode {
    let matches = cmd::Cli::command().get_matches();
    let result = match cmd::Cli::from_arg_matches(&matches) {
        Ok(command) => command.run(),
        Err(error) => error.exit(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(cmd::tell(&error, wants_json(&matches))),
    }
}

/// Whether the command was given --json.
fn wants_json(matches: &ArgMatches) -> bool {
    let given = matches.try_get_one::<bool>("json").ok().flatten().copied().unwrap_or(false);
    given || matches.subcommand().is_some_and(|(_, inner)| wants_json(inner))
}

/// Whether the reader of standard output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
