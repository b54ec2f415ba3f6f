//! Plans between real sessions, against the plaintext reference and the cost formulas.

use brelu_core::cost;

use crate::build::Builder;
use crate::reference;
use crate::wire::honest;
use crate::world::World;

/// Deterministic values in `-bound .. bound`, from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Values(pub u64);

impl Values {
    fn next(&mut self, bound: i64) -> i32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as i64 % (2 * bound) - bound) as i32
    }

    /// `count` of them.
    pub fn many(&mut self, count: usize, bound: i64) -> Vec<i32> {
        (0..count).map(|_| self.next(bound)).collect()
    }
}

/// Runs an inference of every input and checks results, traffic and round trips; returns the mean width of the allowed
/// intervals.
///
/// # Panics
/// If something is not as the reference and the cost formulas say.
pub fn check(builder: Builder, inputs: &[Vec<i32>]) -> f64 {
    let (plan, make_weights) = builder.finish();
    let mut kept = None;
    let world = World::new(plan, |plan| {
        let weights = make_weights(plan);
        kept = Some(weights.clone());
        weights
    });
    let weights = kept.expect("the weights of this plan");
    let outcome = world.run(inputs, honest()).expect("a result");
    let total = cost::total(world.plan());
    let times = |bytes: u64| bytes * inputs.len() as u64;
    assert_eq!(outcome.traffic.dealer_offline, times(total.bytes.dealer_offline), "dealer to server");
    assert_eq!(
        outcome.traffic.client_offline,
        times(total.bytes.client_offline),
        "client to server, offline"
    );
    assert_eq!(outcome.traffic.client_online, times(total.bytes.client_online), "client to server, online");
    assert_eq!(outcome.traffic.server_online, times(total.bytes.server_online), "server to client");
    assert_eq!(outcome.round_trips, total.round_trips * inputs.len() as u32);
    let mut widths = (0.0, 0);
    for (input, output) in inputs.iter().zip(&outcome.outputs) {
        let (expected, load) = reference::run(world.plan(), &weights, input);
        assert!(load <= 1.0, "the test itself breaks the range contract: {load}");
        for (index, (value, expected)) in output.iter().zip(&expected).enumerate() {
            assert!(expected.contains(i64::from(*value)), "element {index}: {value} not in {expected:?}");
            widths = (widths.0 + expected.width() as f64, widths.1 + 1);
        }
    }
    widths.0 / f64::from(widths.1)
}
