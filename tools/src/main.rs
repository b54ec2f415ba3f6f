//! The `brelu` command: private inference from compiling a network to running the three parties.

mod cmd;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cmd::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let line: Vec<String> = format!("{error:#}").lines().map(|line| line.trim().to_owned()).collect();
            brelu_tools::report::note(format_args!("error: {}", line.join(" ")));
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of standard output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
