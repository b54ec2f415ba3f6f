//! The commands: arguments, a call of the library, a report.

mod arguments;
mod bench;
mod calibration;
mod clients;
mod compile;
mod compiling;
mod conversion;
mod deal;
mod delegate;
mod demo;
mod evaluate;
mod files;
mod import;
mod infer;
mod inspect;
mod keygen;
mod labelling;
mod listen;
mod new;
#[cfg_attr(not(feature = "optimise"), path = "absent.rs")]
mod optimise;
mod outcome;
mod parties;
mod party;
mod ping;
mod prepare;
mod preprocess;
mod provision;
mod quotas;
mod samples;
mod serve;
mod share;
mod trial;

pub(crate) use outcome::tell;

use brelu_kernels::ring::Backend;
use clap::{Parser, Subcommand};

const AFTER_HELP: &str = "\
The three parties of an inference:
  client  has the image and gets the answer   brelu infer, brelu evaluate
  server  has the network's weights           brelu serve
  dealer  hands out randomness ahead of time  brelu deal
The server learns who asks, how often and when; the dealer the plan, which client of which server prepares how often, and \
when an inference of which client begins. Neither learns anything about an image or an answer, nor the dealer about weights.
A microcontroller is a client of its own, or leaves the work to a delegate: brelu provision, brelu delegate
A client and a dealer together recover the weights, a server and a dealer together the image: let somebody run the \
dealer who colludes with neither.

Examples:
  brelu demo
  brelu compile resnet20.onnx -o resnet20 --calibrate cifar10/train.bin
  brelu keygen dealer; brelu keygen server; brelu keygen client
  cp server.pub servers.txt; cp client.pub clients.txt
  brelu deal
  brelu serve --plan resnet20.plan --weights resnet20.weights
  brelu infer --plan resnet20.plan cat.png

";

/// Private neural-network inference: the server does not see the image, the client does not see the weights.
#[derive(Debug, Parser)]
#[command(name = "brelu", version, after_help = format!("{AFTER_HELP}{}", outcome::HELP))]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(Box<demo::Demo>),
    New(new::New),
    Import(import::Import),
    /// Measure how much the output changes when a channel decides by blocks, for every channel and block size
    Distort(Box<optimise::Distort>),
    Compile(Box<compile::Compile>),
    /// Choose block sizes: the least distortion for a budget of sign decisions, bytes or seconds
    Knapsack(Box<optimise::Knapsack>),
    /// Train a network, usually one whose ReLUs decide by blocks, on from its parameters or from scratch
    Train(Box<optimise::Train>),
    /// Print the steps of one of the paper's four tasks, from weights to private inferences, as a script
    Tasks(optimise::Tasks),
    /// Join the parts of a divided measurement of distortions into one table
    Merge(optimise::Merge),
    /// Convert block sizes of the paper's reference implementation into a block spec
    ConvertSpec(optimise::ConvertSpec),
    /// Draw what a network's distortions are and what specs make of them: one HTML file with all figures
    Report(Box<optimise::Report>),
    Inspect(inspect::Inspect),
    Keygen(keygen::Keygen),
    Deal(deal::Deal),
    Serve(serve::Serve),
    Clients(clients::Clients),
    Delegate(delegate::Delegate),
    Provision(Box<provision::Provision>),
    Ping(ping::Ping),
    Prepare(prepare::Prepare),
    Infer(infer::Infer),
    Evaluate(Box<evaluate::Evaluate>),
    Bench(Box<bench::Bench>),
    #[command(subcommand, after_help = trial::AFTER_HELP)]
    Trial(trial::Trial),
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        // A kernel that is asked for and cannot be had is said before any work is done.
        Backend::from_env()?;
        if self.command.computes_batches() {
            brelu_kernels::memory::keep();
        }
        match self.command {
            Command::Demo(command) => command.run(),
            Command::New(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::Distort(command) => command.run(),
            Command::Compile(command) => command.run(),
            Command::Knapsack(command) => command.run(),
            Command::Train(command) => command.run(),
            Command::Tasks(command) => command.run(),
            Command::Merge(command) => command.run(),
            Command::ConvertSpec(command) => command.run(),
            Command::Report(command) => command.run(),
            Command::Inspect(command) => command.run(),
            Command::Keygen(command) => command.run(),
            Command::Deal(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Clients(command) => command.run(),
            Command::Delegate(command) => command.run(),
            Command::Provision(command) => command.run(),
            Command::Ping(command) => command.run(),
            Command::Prepare(command) => command.run(),
            Command::Infer(command) => command.run(),
            Command::Evaluate(command) => command.run(),
            Command::Bench(command) => command.run(),
            Command::Trial(command) => command.run(),
        }
    }
}

impl Command {
    /// Whether it runs networks on batches of images, not as one of the parties.
    const fn computes_batches(&self) -> bool {
        matches!(
            self,
            Self::Distort(_)
                | Self::Compile(_)
                | Self::Knapsack(_)
                | Self::Train(_)
                | Self::Evaluate(_)
                | Self::Bench(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn every_command_is_listed_and_has_help_with_an_example() {
        let mut cli = Cli::command();
        cli.build();
        let overview = cli.render_help().to_string();
        let listed = overview.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
        let listed: Vec<&str> = listed.map(|(name, _)| name).collect();
        for command in cli.get_subcommands_mut() {
            let name = command.get_name().to_owned();
            assert!(listed.contains(&&*name), "{name}: {overview}");
            let text = command.render_long_help().to_string();
            assert!(text.contains(&format!("Usage: brelu {name}")), "{text}");
            assert!(
                name == "help" || text.contains(&format!("\n  brelu {name}")),
                "{name} has no example: {text}"
            );
        }
    }
}
