use std::path::PathBuf;

use anyhow::Result;
use brelu_tools::report::{Lines, count, print};
use brelu_tools::zoo::{Counts, network, spec};
use clap::Args;

use super::files::{Access, ForceArgs, write_all};
use super::new::SizeArgs;

/// Convert block sizes of the paper's reference implementation into a block spec
#[derive(Debug, Args)]
#[command(after_help = "\
The reference implementation (arXiv 2304.10442) keeps block sizes as pickled dictionaries of numpy arrays by layer. They \
are read as data: nothing that the file says is run. The spec fits the network that `brelu new` writes under the same name.

Example:
  brelu convert-spec 0.06.pickle --network resnet50 -o resnet50-6.json")]
pub(crate) struct ConvertSpec {
    /// The block sizes: a .pickle file
    pickle: PathBuf,

    /// The network they are for: a name that `brelu new --list` prints
    #[arg(long, value_name = "NAME")]
    network: String,

    /// Where to write the block spec
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    force: ForceArgs,

    #[command(flatten)]
    sizes: SizeArgs,
}

impl ConvertSpec {
    pub(crate) fn run(self) -> Result<()> {
        self.force.check(&[&self.out])?;
        let network = network(&self.network, &self.sizes.options(None))?;
        let converted = spec::read(&self.pickle, &network)?;
        let json = serde_json::to_string_pretty(&converted.spec)? + "\n";
        write_all(&[(self.out.clone(), Access::Public, json.as_bytes())])?;
        let (before, after) = (Counts::of(&network.graph).relus, converted.spec.decisions(&network.graph));
        let mut text = Lines::new(10);
        text.pair("network", &network.graph.name);
        text.pair("layers", count(converted.spec.layers.len() as u64));
        text.pair("DReLUs", format_args!("{} of {}", count(after), count(before)));
        if !converted.left.is_empty() {
            text.pair("not named", format_args!("{}: one decision a pixel", converted.left.join(", ")));
        }
        text.pair("wrote", self.out.display());
        Ok(print(text)?)
    }
}
