//! Which patches of an activation share one sign decision (block-ReLU, arXiv 2304.10442, section 3): sizes, the
//! candidates among which a network's channels choose, and the file that holds the choice.

mod candidates;
mod relu;
mod size;
mod spec;

pub use candidates::{Candidates, candidates};
pub use relu::{BlockRelu, passes};
pub use size::BlockSize;
pub use spec::{Choice, CostUnit, FORMAT, Origin, Proof, Spec, SpecError, SpecLayer};
