extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;
use std::{thread, vec};

use crate::client::Memory;
use crate::geometry::{Conv2d, Shape};
use crate::masks::{FRAME, Masks, input_mask};
use crate::plan::{
    Axis, Channel, Channels, ColourOrder, Demands, Edge, Fit, Header, Local, Node, NodeId, Op, Permutation,
    Picks, Plan, PlanError, Preprocess, Term, Windows, write,
};
use crate::prf::PairKey;

fn file(nodes: &[Node<'_>]) -> Vec<u8> {
    let fit = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: heapless::Vec::new() };
    let mut file = vec![0; 1 << 18];
    let len = write(&Header::new("", fit), nodes, &mut file).unwrap();
    file.truncate(len);
    file
}

fn node(shape: Shape, op: Op<'_>) -> Node<'_> {
    Node { name: "", shape, bits: 16, op }
}

fn same(input: NodeId) -> Op<'static> {
    Local::View { input, picks: Picks::ALL }.into()
}

/// An input and `count` nodes behind it, each of which reads the one before.
fn chain(shape: Shape, count: u16, op: impl Fn(NodeId) -> Op<'static>) -> Vec<u8> {
    let nodes: Vec<_> =
        (0..=count).map(|id| node(shape, if id == 0 { Op::Input } else { op(id - 1) })).collect();
    file(&nodes)
}

fn demands(file: &[u8]) -> Result<Demands, String> {
    Plan::parse(file).map(|plan| plan.demands()).map_err(|error: PlanError| error.to_string())
}

/// Regenerates the mask of the last node in the memory that the plan demands, on a stack of 32 KiB.
fn last(file: &[u8]) -> Vec<u32> {
    let plan = Plan::parse(file).unwrap();
    let (key, id) = (PairKey::new([3; 32]), plan.output_id());
    let (mut out, mut scratch) =
        (vec![0; plan.output().shape.len()], vec![0; Masks::scratch_words(&plan, 1)]);
    thread::scope(|scope| {
        let work = || Masks::new(&plan, &key, 5).read(id, 0, &mut out, &mut scratch);
        let small = thread::Builder::new().stack_size(32 << 10).spawn_scoped(scope, work);
        small.unwrap().join().unwrap();
    });
    out
}

fn input(file: &[u8]) -> Vec<u32> {
    let plan = Plan::parse(file).unwrap();
    let key = PairKey::new([3; 32]);
    let mut out = vec![0; plan.input().shape.len()];
    input_mask(&Masks::new(&plan, &key, 5).input_key(), 5).fill(16, 0, &mut out);
    out
}

const RELU: [u8; 5] = Channel::relu(4).record();
const IDENTITY: [u8; 5] = Channel::Identity.record();

#[test]
fn nodes_nest_as_deep_as_there_are_nodes_on_a_small_stack() {
    let identity = |input| Op::Activation { input, window: 2, channels: Channels::relu(&IDENTITY) };
    let ops: [fn(NodeId) -> Op<'static>; 5] = [
        same,
        |input| Local::Reshape { input }.into(),
        |input| Local::Offset { input }.into(),
        |input| Local::Concat { inputs: [input].into_iter().collect() }.into(),
        |input| {
            let windows = Windows { kernel: [1; 2], stride: [1; 2], pads: [0; 2] };
            Local::SumPool { input, windows }.into()
        },
    ];
    for op in ops {
        let file = chain(Shape::new(1, 1, 1), 2047, op);
        assert_eq!(last(&file), input(&file));
    }
    // Layers that share a round trip do not read each other.
    let between = |input: NodeId| if input.is_multiple_of(2) { same(input) } else { identity(input) };
    let file = chain(Shape::new(1, 1, 1), 2046, between);
    assert_eq!(last(&file), input(&file));
    assert_eq!(demands(&file).unwrap().frames, 2046);
}

#[test]
fn a_device_counts_the_frames_of_a_chain() {
    let short = chain(Shape::new(1, 1, 4), 1, same);
    let long = chain(Shape::new(1, 1, 4), 100, same);
    let [few, many] = [&short, &long].map(|file| Memory::least(&Plan::parse(file).unwrap()));
    // A frame and a row for every view.
    assert_eq!(many - few, 99 * (FRAME + 4));
    let plan = Plan::parse(&long).unwrap();
    assert_eq!(Memory::fit(&plan, many - 1), None);
    assert!(Memory::fit(&plan, many).is_some());
}

#[test]
fn sums_nest_on_either_side() {
    for side in [[0, 1], [1, 0]] {
        let sum = |before: NodeId| {
            let pair = [before, 0];
            Local::Add { inputs: side.map(|at| pair[at]), subtract: false }.into()
        };
        let file = chain(Shape::new(1, 1, 3), 1000, sum);
        let expected: Vec<u32> = input(&file).iter().map(|mask| mask.wrapping_mul(1001) & 0xffff).collect();
        assert_eq!(last(&file), expected);
        assert_eq!(demands(&file).unwrap().pieces, if side[0] == 0 { 1 } else { 1000 });
    }
}

#[test]
fn work_that_doubles_is_refused() {
    let twice = |input| Local::Add { inputs: [input; 2], subtract: false }.into();
    let file = chain(Shape::new(1, 1, 1), 19, twice);
    assert_eq!(demands(&file).unwrap().mask_work, (17 << 19) - 16);
    let error = demands(&chain(Shape::new(1, 1, 1), 20, twice)).unwrap_err();
    assert!(error.starts_with("node 20 of the plan is not valid: its mask takes more than"), "{error}");
}

#[test]
fn rows_as_wide_as_tensors_may_be_are_counted_and_bounded() {
    let wide = Shape::new(1, 1, 1 << 27);
    assert_eq!(demands(&chain(wide, 8, same)).unwrap().rows, 8 << 27);
    let error = demands(&chain(wide, 2046, same)).unwrap_err();
    assert!(error.starts_with("node 9 of the plan is not valid: its mask takes more than"), "{error}");
    // On any machine, however narrow its addresses are.
    let file = chain(wide, 8, same);
    let plan = Plan::parse(&file).unwrap();
    assert!(Memory::least(&plan) > 8 << 27 && Memory::best(&plan) >= Memory::least(&plan));
}

#[test]
fn a_view_counts_the_columns_it_reads_not_its_own() {
    let strided = |to: u32, axis| {
        let picks = Picks { axes: [Axis::SAME, Axis::SAME, axis], edge: Edge::Zero };
        let view = Local::View { input: 0, picks }.into();
        file(&[node(Shape::new(1, 2, 1000), Op::Input), node(Shape::new(1, 2, to), view)])
    };
    let read = |file: &[u8]| demands(file).unwrap();
    let sparse = read(&strided(4, Axis::slice(10, 300)));
    assert_eq!((sparse.rows, sparse.mask_work), (901, (300 + 16) * 8));
    assert_eq!(read(&strided(4, Axis::slice(10, 1))).rows, 4);
    assert_eq!(read(&strided(3, Axis::slice(-70_000, 1))).rows, 0);
    let mirrored = read(&strided(4, Axis { num: -300, add: 910, den: 1 }));
    assert_eq!((mirrored.rows, mirrored.mask_work), (901, (300 + 16) * 8));
    // A row that is repeated is read again for each of its copies.
    let repeated = read(&strided(2000, Axis { num: 1, add: 0, den: 2 }));
    assert_eq!((repeated.rows, repeated.mask_work), (1000, (1 + 16) * 4000));
    assert_eq!(last(&strided(4, Axis::slice(10, 300)))[1], input(&strided(4, Axis::slice(10, 300)))[310]);
}

#[test]
fn a_pooling_counts_the_rows_and_columns_that_it_covers() {
    let pool = |kernel: u16, size: u32| {
        let windows = Windows { kernel: [kernel; 2], stride: [1; 2], pads: [0; 2] };
        let pool = Local::SumPool { input: 0, windows }.into();
        let shape = Shape::new(1, size, size);
        demands(&file(&[node(shape, Op::Input), node(shape, pool)]))
    };
    // A word and an addition each, and a step for all of them.
    let large = pool(200, 300).unwrap();
    assert_eq!((large.rows, large.mask_work), (300, (2 * 200 * 200 + 16) * 300 * 300));
    assert_eq!(large.local_work, 300 * 300 + 200 * 200 * 300 * 300);
    assert_eq!(pool(u16::MAX, 10).unwrap().mask_work, (2 * 100 + 16) * 100);
    let error = pool(u16::MAX, 4096).unwrap_err();
    assert!(error.contains("its mask takes more than"), "{error}");
}

#[test]
fn a_permutation_keeps_a_row_of_the_piece_unless_rows_stay() {
    let permuted = |dims: &[u32], order: &[u8]| {
        let permutation = Permutation::new(dims, order).unwrap();
        let shape = Shape::new(6, 10, 40);
        file(&[node(shape, Op::Input), node(shape, Local::Permute { input: 0, permutation }.into())])
    };
    let (rows, columns) = (permuted(&[6, 10, 40], &[1, 0, 2]), permuted(&[6, 400], &[1, 0]));
    let counted =
        |file: &[u8]| demands(file).map(|it| (it.frames, it.pieces, it.rows, it.mask_work)).unwrap();
    // However long the axis that is read along, no more than the piece of it is kept.
    assert_eq!(counted(&rows), (1, 0, 0, (1 + 16) * 2400));
    assert_eq!(counted(&columns), (1, 1, 0, (1 + 16) * 2400));
    let x = input(&columns);
    let expected: Vec<u32> = (0..2400).map(|at| x[at % 6 * 400 + at / 6]).collect();
    assert_eq!(last(&columns), expected);
    let expected: Vec<u32> = (0..2400).map(|at| x[at / 40 % 6 * 400 + at / 240 * 40 + at % 40]).collect();
    assert_eq!(last(&rows), expected);
    let shape = Shape::new(6, 10, 40);
    let permutation = Permutation::new(&[5, 400], &[1, 0]).unwrap();
    let wrong = file(&[node(shape, Op::Input), node(shape, Local::Permute { input: 0, permutation }.into())]);
    let error = demands(&wrong).unwrap_err();
    assert!(error.contains("its axes are not those of its tensor"), "{error}");
}

#[test]
fn products_and_tensors_are_counted_without_overflow() {
    let shape = Shape::new(1 << 14, 1 << 7, 1 << 7);
    let map = Conv2d::square(shape, 1 << 14, 1, 1, 0);
    let terms: heapless::Vec<_, 4> = [Term { input: 0, map }; 4].into_iter().collect();
    let channels: Vec<u8> = RELU.repeat(1 << 14);
    let linear = Node { bits: 8, ..node(shape, Op::Linear { terms, fraction: 8 }) };
    let activation = node(shape, Op::Activation { input: 1, window: 4, channels: Channels::relu(&channels) });
    let nodes = [node(shape, Op::Input), linear, activation];
    let mut file = vec![0; 1 << 20];
    let fit = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: heapless::Vec::new() };
    let len = write(&Header::new("", fit), &nodes, &mut file).unwrap();
    let demands = demands(&file[..len]).unwrap();
    assert_eq!((demands.products, demands.mask_work), (4 << 42, (4 + 1 + 17) << 28));
}
