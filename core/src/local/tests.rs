extern crate std;

use std::format;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::geometry::Shape;

const FROM: Shape = Shape::new(3, 4, 5);

fn ramp(shape: Shape) -> Vec<u32> {
    (1..=shape.len() as u32).map(|value| value.wrapping_mul(0x9e37_79b9)).collect()
}

fn whole<T: Element>(local: &Local<usize>, to: Shape, x: &[(Shape, Vec<T>)]) -> Vec<T> {
    let mut out = vec![T::default(); to.len()];
    // Planes two by two, as whoever shares the work.
    for (index, out) in out.chunks_mut(2 * to.plane()).enumerate() {
        local.planes(to, 2 * index, out, |id| (x[id].0, &x[id].1[..]));
    }
    out
}

fn at(shape: Shape, [channel, row, column]: [u32; 3]) -> usize {
    (channel * shape.height + row) as usize * shape.width as usize + column as usize
}

fn places(shape: Shape) -> impl Iterator<Item = [u32; 3]> {
    let columns = move |channel, row| (0..shape.width).map(move |column| [channel, row, column]);
    let rows = move |channel| (0..shape.height).flat_map(move |row| columns(channel, row));
    (0..shape.channels).flat_map(rows)
}

fn axis() -> impl Strategy<Value = Axis> {
    (-4..5i32, -12..24i32, 1..4i32).prop_map(|(num, add, den)| Axis { num, add, den })
}

fn picks() -> impl Strategy<Value = Picks> {
    ([axis(), axis(), axis()], prop_oneof![Just(Edge::Zero), Just(Edge::Clamp)])
        .prop_map(|(axes, edge)| Picks { axes, edge })
}

proptest! {
    #[test]
    fn a_view_picks_the_elements_its_axes_say(picks in picks(), to in [1..4u32, 1..6, 1..9]) {
        let (to, x) = (Shape::new(to[0], to[1], to[2]), ramp(FROM));
        let sizes = [FROM.channels, FROM.height, FROM.width];
        let source = |place: [u32; 3]| {
            let index = |axis: usize| picks.edge.resolve(picks.axes[axis].source(place[axis]), sizes[axis]);
            Some(x[at(FROM, [index(0)?, index(1)?, index(2)?])])
        };
        let expected: Vec<u32> = places(to).map(|place| source(place).unwrap_or(0)).collect();
        prop_assert_eq!(whole(&Local::View { input: 0, picks }, to, &[(FROM, x.clone())]), expected);
    }

    #[test]
    fn a_part_of_a_row_is_what_it_is_in_the_row(picks in picks(), first in 0..9u32, len in 1..9u32) {
        let x = ramp(Shape::new(1, 1, 7));
        let part = |columns: core::ops::Range<u32>| {
            let touched = picks.columns(columns.clone(), 7);
            let mut out = vec![0; columns.len()];
            if !touched.is_empty() {
                picks.row(columns, 7, &x[touched.start as usize..touched.end as usize], &mut out);
            }
            out
        };
        prop_assert_eq!(&part(first..first + len)[..], &part(0..first + len)[first as usize..]);
    }

    #[test]
    fn a_pooling_adds_its_windows(kernel in [1..4u16, 1..7], stride in [1..4u16, 1..4], pads in [0..2u16, 0..2]) {
        let windows = Windows { kernel, stride, pads: [pads[0].min(kernel[0] - 1), pads[1].min(kernel[1] - 1)] };
        let (to, x) = (Shape::new(3, 2, 2), ramp(FROM));
        let inside = |[channel, row, column]: [u32; 3], [_, y, x]: [u32; 3]| {
            let within = |axis: usize, own: u32, at: u32| {
                let start = i64::from(own * u32::from(windows.stride[axis])) - i64::from(windows.pads[axis]);
                (start..start + i64::from(windows.kernel[axis])).contains(&i64::from(at))
            };
            within(0, row, y) && within(1, column, x) && channel < FROM.channels
        };
        let sum = |place: [u32; 3]| {
            let window = places(FROM).filter(|from| from[0] == place[0] && inside(place, *from));
            window.fold(0u32, |sum, from| sum.wrapping_add(x[at(FROM, from)]))
        };
        let expected: Vec<u32> = places(to).map(sum).collect();
        prop_assert_eq!(whole(&Local::SumPool { input: 0, windows }, to, &[(FROM, x.clone())]), expected);
    }
}

#[test]
fn sums_joins_and_shifts_are_those_of_words_and_of_floats() {
    let small = Shape::new(1, 4, 5);
    let words = [(FROM, ramp(FROM)), (small, ramp(small))];
    let floats =
        [&words[0], &words[1]].map(|(shape, x)| (*shape, x.iter().map(|x| *x as f32).collect::<Vec<_>>()));
    let twice = Local::Add { inputs: [0, 0], subtract: false };
    let shifted = Local::Shift { input: 0, by: 1 };
    assert_eq!(whole(&twice, FROM, &words), whole(&shifted, FROM, &words));
    assert_eq!(whole(&twice, FROM, &floats), whole(&shifted, FROM, &floats));
    let none = Local::Add { inputs: [0, 0], subtract: true };
    assert_eq!(whole(&none, FROM, &words), vec![0; FROM.len()]);
    let joined = Local::Concat { inputs: [0, 1, 0].into_iter().collect() };
    let all = [&words[0].1[..], &words[1].1, &words[0].1].concat();
    assert_eq!(whole(&joined, Shape::new(7, 4, 5), &words), all);
    assert_eq!(whole(&Local::Reshape { input: 0 }, FROM.flat(), &words), words[0].1);
    assert_eq!(whole(&Local::Offset { input: 1 }, small, &floats), floats[1].1);
    let mut values = vec![1u32; 4];
    offset(&mut values, 2, [3, u32::MAX]);
    assert_eq!(values, [4, 4, 0, 0]);
}

#[test]
fn links_say_what_channels_are_made_of() {
    let origins = |local: &Local<usize>, to: Shape| {
        let mut all = Vec::new();
        local.origins(
            to,
            |id| [FROM, Shape::new(1, 4, 5)][id],
            |origin| {
                all.push((origin.channel, origin.input, origin.source, origin.part, origin.negated));
            },
        );
        all
    };
    let difference = Local::Add { inputs: [1, 1], subtract: true };
    assert_eq!(origins(&difference, Shape::new(1, 4, 5)), [(0, 1, 0, 1.0, false), (0, 1, 0, 1.0, true)]);
    let joined = Local::Concat { inputs: [1, 0].into_iter().collect() };
    let sources: Vec<_> =
        origins(&joined, Shape::new(4, 4, 5)).iter().map(|origin| (origin.1, origin.2)).collect();
    assert_eq!(sources, [(1, 0), (0, 0), (0, 1), (0, 2)]);
    let outside = Local::View { input: 0, picks: Picks::channels(2) };
    assert_eq!(origins(&outside, Shape::new(2, 4, 5)), [(0, 0, 2, 1.0, false)]);
    let reshaped = origins(&Local::Reshape { input: 0 }, Shape::new(2, 6, 5));
    let thirds = [(0, 0, 0, 2.0 / 3.0, false), (0, 0, 1, 1.0 / 3.0, false)];
    assert_eq!((&reshaped[..2], reshaped.len()), (&thirds[..], 4));
    // Columns first: every channel has elements of all channels. Rows of two channels in turn: of both.
    let permuted = |dims: &[u32], order: &[u8], to| {
        origins(&Local::Permute { input: 0, permutation: Permutation::new(dims, order).unwrap() }, to)
    };
    let columns = permuted(&[3, 4, 5], &[2, 1, 0], Shape::new(5, 4, 3));
    let of_one: f64 =
        columns.iter().filter(|origin| (origin.0, origin.2) == (4, 1)).map(|origin| origin.3).sum();
    assert!((of_one - 1.0 / 3.0).abs() < 1e-12);
    let shuffled = permuted(&[3, 2, 10], &[1, 0, 2], Shape::new(2, 3, 10));
    let first: Vec<_> = shuffled.iter().filter(|origin| origin.0 == 0).map(|origin| origin.2).collect();
    assert_eq!(first, [0, 1, 2]);
}

#[test]
fn names_are_for_people_and_tensors_can_be_renamed() {
    let windows = Windows { kernel: [2, 3], stride: [1; 2], pads: [0; 2] };
    let permutation = Permutation::new(&[2, 3], &[1, 0]).unwrap();
    let locals: [(Local, &str); 9] = [
        (Local::Add { inputs: [1, 2], subtract: false }, "add"),
        (Local::Add { inputs: [1, 2], subtract: true }, "subtract"),
        (Local::Offset { input: 1 }, "offset"),
        (Local::Concat { inputs: [1, 2].into_iter().collect() }, "concat"),
        (Local::SumPool { input: 1, windows }, "sum pool 2x3"),
        (Local::View { input: 1, picks: Picks::ALL }, "view"),
        (Local::Reshape { input: 1 }, "reshape"),
        (Local::Shift { input: 1, by: 4 }, "shift 4"),
        (Local::Permute { input: 1, permutation }, "permute"),
    ];
    for (local, name) in locals {
        assert_eq!(format!("{local}"), name);
        let renamed = local.map(|id| usize::from(*id) + 1);
        let expected: Vec<usize> = local.inputs().iter().map(|id| usize::from(*id) + 1).collect();
        assert_eq!(renamed.inputs(), expected);
        assert_eq!(format!("{renamed}"), name);
    }
}
