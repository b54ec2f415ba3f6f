use anyhow::{Result, bail};
use brelu::optimise::tasks::{Choice, TASKS, script};
use brelu::report::{Table, print};
use clap::Args;

// What it does stands where commands are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
The script works in the folder it is started in and needs only sh and brelu (or what the variable BRELU names). A step \
whose result is there is left out, an interrupted training goes on. A step that was changed by hand is done again after \
its result is deleted.

Examples:
  brelu tasks
  brelu tasks cifar100-resnet18 --data cifar-100-binary | sh
  brelu tasks ade20k-mobilenetv2 --data ADEChallengeData2016 --weights deeplabv3_m-v2-d8.pth --budget 6% > ade.sh
  brelu tasks imagenet-resnet50 --data imagenet --weights resnet50.pth --cost bytes --budget 300MB > bytes.sh")]
pub(crate) struct Tasks {
    /// The task, a name of the list that is printed without one
    #[arg(requires = "data")]
    name: Option<String>,

    /// The folder of the data set
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,

    /// Published weights: a PyTorch checkpoint or a safetensors file [default: generated ones, to be trained]
    #[arg(long, value_name = "FILE")]
    weights: Option<String>,

    /// What may be spent, as `brelu knapsack` takes it
    #[arg(long, value_name = "BUDGET", default_value = "6%")]
    budget: String,

    /// What the budget is counted in
    #[arg(long, value_name = "COST", default_value = "drelus", value_parser = ["drelus", "bytes"])]
    cost: String,

    /// Factor on the channels of the network, for a smaller one
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    width: f64,

    /// Few images and steps everywhere, to see that all of it runs
    #[arg(long)]
    quick: bool,
}

impl Tasks {
    pub(crate) fn run(self) -> Result<()> {
        let (Some(name), Some(data)) = (self.name, self.data) else { return list() };
        let Some(task) = TASKS.iter().find(|task| task.name == name) else {
            let names = TASKS.map(|task| task.name).join(", ");
            bail!("there is no task {name:?}: choose {names}");
        };
        let Self { weights, budget, cost, width, quick, .. } = self;
        Ok(print(script(task, &Choice { data, weights, budget, cost, width, quick }))?)
    }
}

fn list() -> Result<()> {
    let mut table = Table::new(["task", "network and data", "the data folder has"], 3);
    for task in &TASKS {
        table.row([task.name, task.about, task.layout].map(str::to_owned));
    }
    Ok(print(table)?)
}
