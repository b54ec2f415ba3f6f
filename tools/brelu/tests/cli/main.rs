//! The command as a user runs it: what it prints, and the one sentence it says when something is wrong.

mod blocks;
mod classify;
#[cfg(unix)]
mod clients;
#[cfg(unix)]
mod devices;
mod fixture;
mod gates;
mod help;
mod inputs;
mod keys;
mod knapsack;
mod labels;
mod misfits;
mod models;
mod networks;
mod peers;
mod pings;
mod results;
mod runs;
mod segmentation;
mod shares;
mod smooth;
mod support;
mod tasks;
mod training;
#[cfg(target_os = "linux")]
mod trials;
