mod knapsack;
mod profile;
mod train;

pub(crate) use knapsack::Knapsack as BenchKnapsack;
pub(crate) use profile::Profile as BenchProfile;
pub(crate) use train::Train as BenchTrain;
