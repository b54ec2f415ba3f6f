//! What parties take for a plan is no more than what they say before they take it.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Axis, Channel, Edge, NodeId};
use brelu_core::prf::PairKey;
use brelu_host::dealer::{DealerKeys, DealerModel};
use brelu_host::limits::Need;
use brelu_host::plan_file::{OwnedPlan, keep};
use brelu_tests::build::Builder;
use brelu_tests::wire::honest;
use brelu_tests::world::World;

/// Bytes that a session has whatever its plan, and that threads keep.
const FIXED: u64 = 24 << 20;

/// Bytes of a line of /proc/self/status.
fn status(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// Bytes that the process had at most while it did `work`, beyond those before.
fn peak(work: impl FnOnce()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
    let before = status("VmRSS:").expect("memory in use");
    work();
    status("VmHWM:").expect("a peak").saturating_sub(before)
}

fn layer(builder: &mut Builder, map: Conv2d, input: NodeId, channel: Channel, window: u8) -> NodeId {
    let terms = [(input, map, vec![3; map.weight_len()])];
    let z = builder.linear(&terms, vec![0; map.out_channels as usize], 12, 12);
    builder.activation(z, 24, window, &vec![channel; map.out_channels as usize])
}

/// A product, with a gate a channel or of as many elements as there are.
fn factors(shape: Shape, planes: bool) -> Builder {
    let mut builder = Builder::new(shape, 24);
    let gates = if planes { Shape::new(shape.channels, 1, 1) } else { shape };
    let gate = builder.view(0, gates, [Axis::SAME; 3], Edge::Clamp);
    builder.product(0, gate, 12, 12);
    builder
}

/// Networks in which one thing each takes most of the memory.
fn networks() -> Vec<(&'static str, Builder)> {
    let network = |shape: Shape, map: Conv2d, channel, window| {
        let mut builder = Builder::new(shape, 24);
        layer(&mut builder, map, 0, channel, window);
        builder
    };
    let shape = Shape::new(24, 96, 96);
    let depthwise =
        |shape: Shape| Conv2d { groups: shape.channels, ..Conv2d::square(shape, shape.channels, 5, 1, 2) };
    let strided = Conv2d { stride: [2, 2], ..Conv2d::square(Shape::new(16, 224, 224), 32, 3, 2, 1) };
    let maps = Shape::new(16, 256, 256);
    let mut rows = Builder::new(Shape::new(1, 1, 1 << 18), 24);
    let mut top = 0;
    for _ in 0..8 {
        let other = rows.view(top, rows.shape(top), [Axis::SAME, Axis::SAME, Axis::slice(1, 1)], Edge::Clamp);
        top = rows.add(other, 0, false, 24);
    }
    let map = Conv2d { stride: [1, 64], ..Conv2d::square(rows.shape(top), 1, 1, 1, 0) };
    layer(&mut rows, map, top, Channel::Identity, 6);
    vec![
        ("filtered", network(shape, Conv2d::square(shape, 24, 3, 1, 1), Channel::relu(5), 6)),
        ("tables", network(shape, Conv2d::square(shape, 24, 1, 1, 0), Channel::relu(0), 11)),
        ("small tables", network(shape, Conv2d::square(shape, 24, 1, 1, 0), Channel::relu(0), 5)),
        ("weights", network(Shape::new(2048, 1, 1), Conv2d::dense(2048, 2048), Channel::relu(5), 6)),
        ("depthwise", network(maps, depthwise(maps), Channel::relu(5), 6)),
        ("product", network(strided.input, strided, Channel::Blocks { height: 2, width: 2, lo: 5 }, 6)),
        ("rows", rows),
        ("factors", factors(Shape::new(16, 256, 256), false)),
        ("gates", factors(Shape::new(4, 512, 512), true)),
    ]
}

/// Names the network of a process that was started by this test.
const NETWORK: &str = "BRELU_TEST_NETWORK";

/// Every network has a process of its own: memory that another one has freed may still be the process's.
#[test]
fn no_party_takes_more_than_it_says() {
    let asked = env::var(NETWORK).ok();
    for (name, builder) in networks() {
        match &asked {
            Some(asked) if asked == name => measure(name, builder),
            Some(_) => {}
            None => {
                let mut test = Command::new(env::current_exe().expect("this test"));
                test.args(["--exact", "no_party_takes_more_than_it_says", "--nocapture"]).env(NETWORK, name);
                assert!(test.status().expect("a process").success(), "{name}");
            }
        }
    }
}

fn measure(name: &str, builder: Builder) {
    let (file, weights) = builder.finish();
    let plan = keep(file.clone()).expect("a valid plan");
    let owned = Arc::new(OwnedPlan::parse(file.clone()).expect("a valid plan"));
    let [dealer, server, client] = [Need::dealer(plan), Need::server(plan), Need::client(plan)];
    let dealt = peak(|| {
        let share = |id, index: usize| vec![5; plan.node(id).op.terms()[index].map.weight_len()];
        let model = DealerModel::new(owned, share).expect("maps the kernels take");
        let [client, server, own] = [1, 2, 3].map(|byte| PairKey::new([byte; 32]));
        let keys = DealerKeys { client, server, own };
        (0..plan.len() as NodeId).for_each(|id| drop(model.deal(&keys, 1, id)));
    });
    println!("{name}: dealer {} of {} MiB", dealt >> 20, dealer.memory() >> 20);
    assert!(dealt <= dealer.memory(), "{name}: the dealer took {dealt}, and says {dealer:?}");
    // Nobody would believe what is said if it were far too much.
    assert!(dealer.memory() < 6 * dealt + FIXED, "{name}: the dealer took {dealt}, and says {dealer:?}");
    let input = vec![3; plan.input().shape.len()];
    let run = peak(|| {
        World::new(file, weights).run(&[input], honest()).expect("a result");
    });
    let all = dealer.memory() + server.memory() + client.memory();
    println!("{name}: all {} of {} MiB", run >> 20, all >> 20);
    assert!(run <= all, "{name}: they took {run}, and say {dealer:?} {server:?} {client:?}");
}
