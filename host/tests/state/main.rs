//! State that outlives sessions: against a model, damaged in every way, raced for, on a full disk, and killed.

mod crash;
mod damage;
mod epochs;
mod full_disk;
mod generations;
mod model;
mod races;
mod ready;
mod stream;
mod support;
mod usage;
