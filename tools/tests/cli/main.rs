//! The command as a user runs it: what it prints, and the one sentence it says when something is wrong.

#[cfg(unix)]
mod devices;
mod fixture;
mod help;
mod inputs;
mod keys;
mod knapsack;
mod peers;
mod runs;
mod support;
#[cfg(target_os = "linux")]
mod trials;
