use brelu_proofs::claims::{self, *};
use brelu_proofs::steps::Steps;
use brelu_proofs::claim::*;
use brelu_core::protocol::block_relu::Format;
fn t(c: Claim) {
    let now = std::time::Instant::now();
    let v = c.decide();
    let s = match v { Verdict::Proved => "proved".to_string(), Verdict::Refuted(c) => format!("REFUTED {c}"), Verdict::Unknown(s) => format!("UNKNOWN {s}") };
    println!("{:8.2} {} {}", now.elapsed().as_secs_f64(), c.name(), s);
}
#[test]
fn all() {
    for format in FORMATS {
        let s = Steps::new(format);
        t(truncation(&s)); t(rounding(&s));
        t(truncation(&Steps::new(Format{n: format.k, ..format})));
        t(input(&s)); t(extension(&s)); t(decision(&s));
        t(decision(&Steps::new(Format{lo: 0, ..format})));
        t(selection(&s)); t(block(&s, 1));
        for layer in [LINEAR, ACTIVATION, EXTENSION] { for d in [Direction::MasksFromView, Direction::ViewFromMasks] { t(claims::view(layer, d, &s, 1)); } }
    }
}
