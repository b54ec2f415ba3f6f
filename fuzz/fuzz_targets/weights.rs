//! Weights files against a fixed plan.
#![no_main]

use brelu_core::plan::Plan;
use brelu_host::weights::Weights;
use libfuzzer_sys::fuzz_target;

const PLAN: &[u8] = include_bytes!("../corpus/plan/residual");

fuzz_target!(|data: &[u8]| {
    let plan = Plan::parse(PLAN).expect("a valid plan");
    if let Ok(weights) = Weights::parse(&plan, data) {
        assert_eq!(Weights::parse(&plan, &weights.to_bytes()).as_ref(), Ok(&weights));
    }
});
