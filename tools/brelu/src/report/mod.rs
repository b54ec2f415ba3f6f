//! What commands print: tables, figures with units, JSON, progress bars.

mod answer;
mod lines;
mod output;
mod plan;
mod progress;
mod table;
mod traffic;

pub use answer::AnswerReport;
pub use lines::Lines;
pub use output::{note, print, print_json};
pub use plan::{LayerReport, PlanReport, interpolation_text};
pub use progress::Bar;
pub use table::Table;
pub use traffic::{Bytes, traffic_table};
