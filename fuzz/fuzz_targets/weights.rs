//! Weights files against a fixed plan. The header is put right first, or nothing would get past it.
#![no_main]

use brelu_core::plan::Plan;
use brelu_host::weights::Weights;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

const PLAN: &[u8] = include_bytes!("../corpus/plan/residual");

fuzz_target!(|data: &[u8]| {
    let plan = Plan::parse(PLAN).expect("a valid plan");
    let mut file = data.to_vec();
    if let Some((header, body)) = file.split_at_mut_checked(42) {
        header[..10].copy_from_slice(b"BRELUWGT\x01\0");
        header[10..].copy_from_slice(&Sha256::digest(body));
    }
    if let Ok(weights) = Weights::parse(&plan, &file) {
        assert_eq!(Weights::parse(&plan, &weights.to_bytes()).as_ref(), Ok(&weights));
    }
});
