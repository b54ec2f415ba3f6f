extern crate std;

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::geometry::Shape;
use crate::local::Local;

/// Lengths and an order of up to as many axes.
fn axes(most: usize) -> impl Strategy<Value = (Vec<u32>, Vec<u8>)> {
    prop::collection::vec(1..4u32, 0..=most).prop_flat_map(|dims| {
        let order: Vec<u8> = (0..dims.len() as u8).collect();
        (Just(dims), Just(order).prop_shuffle())
    })
}

/// Axes of 32 elements together.
fn of_32() -> impl Strategy<Value = (Vec<u32>, Vec<u8>)> {
    any::<[bool; 5]>().prop_flat_map(|cuts| {
        let mut dims = vec![1];
        for cut in cuts {
            match dims.last_mut() {
                Some(last) if !cut => *last *= 2,
                _ => dims.push(2),
            }
        }
        let order: Vec<u8> = (0..dims.len() as u8).collect();
        (Just(dims), Just(order).prop_shuffle())
    })
}

/// Element by element, by the indices along all axes.
fn naive(dims: &[u32], order: &[u8], x: &[u32]) -> Vec<u32> {
    let place =
        |index: &[u32]| index.iter().zip(dims).fold(0, |at, (index, size)| at * size + index) as usize;
    (0..x.len() as u32)
        .map(|at| {
            let (mut index, mut rest) = (vec![0; dims.len()], at);
            for axis in order.iter().rev().map(|axis| usize::from(*axis)) {
                index[axis] = rest % dims[axis];
                rest /= dims[axis];
            }
            x[place(&index)]
        })
        .collect()
}

fn ramp(dims: &[u32]) -> Vec<u32> {
    (0..dims.iter().product()).collect()
}

fn result(permutation: &Permutation, x: &[u32], piece: usize) -> Vec<u32> {
    let shape = Shape::new(x.len() as u32, 1, 1);
    let local = Local::Permute { input: 0usize, permutation: permutation.clone() };
    let mut out = vec![u32::MAX; x.len()];
    for (index, out) in out.chunks_mut(piece).enumerate() {
        local.planes(shape, index * piece, out, |_| (shape, x));
    }
    out
}

proptest! {
    #[test]
    fn axes_go_where_the_order_says((dims, order) in axes(6), piece in 1..40usize) {
        let (permutation, x) = (Permutation::new(&dims, &order).unwrap(), ramp(&dims));
        let expected = naive(&dims, &order, &x);
        prop_assert_eq!(&result(&permutation, &x, piece), &expected);
        let sources: Vec<u32> = (0..x.len() as u32).map(|at| permutation.source(at)).collect();
        prop_assert_eq!(&sources, &expected);
        prop_assert!(permutation.is_of(x.len() as u64) && !permutation.is_of(x.len() as u64 + 1));
        prop_assert_eq!(permutation.is_identity(), sources == x);
        let back = permutation.inverse();
        prop_assert_eq!(result(&back, &expected, piece), x);
        prop_assert!(permutation.then(&back).is_some_and(|both| both.is_identity()));
        // The same map from the axes that are left.
        prop_assert_eq!(Permutation::new(permutation.dims(), permutation.order()), Some(permutation));
    }

    #[test]
    fn a_permutation_of_a_result_is_one_of_the_whole((dims, first) in of_32(), (other, second) in of_32()) {
        let x = ramp(&dims);
        let [first, second] = [(&dims, &first), (&other, &second)].map(|(dims, order)| Permutation::new(dims, order).unwrap());
        if let Some(both) = first.then(&second) {
            prop_assert_eq!(result(&both, &x, 7), result(&second, &result(&first, &x, 7), 7));
        }
    }
}

#[test]
fn equal_permutations_are_equal_values() {
    let one = Permutation::new(&[1, 3, 1, 4, 5], &[3, 0, 4, 2, 1]).unwrap();
    assert_eq!((one.dims(), one.order()), (&[3, 20][..], &[1, 0][..]));
    let to_space = Permutation::new(&[2, 2, 3, 4, 5], &[2, 3, 0, 4, 1]).unwrap();
    assert_eq!(to_space.dims(), [2, 2, 12, 5]);
    assert_eq!(to_space.order(), [2, 0, 3, 1]);
    // The axis behind is split, the one in front is not.
    let halves = Permutation::new(&[12, 10], &[1, 0]).unwrap();
    let both = to_space.then(&Permutation::new(&[12, 20], &[1, 0]).unwrap()).unwrap();
    assert_eq!((both.dims(), both.order()), (&[2, 24, 5][..], &[0, 2, 1][..]));
    assert_eq!(halves.then(&Permutation::new(&[12, 10], &[1, 0]).unwrap()), None);
}

#[test]
fn what_is_no_permutation_is_refused() {
    let wrong: [(&[u32], &[u8]); 6] = [
        (&[2, 3], &[0]),
        (&[2, 3], &[0, 0]),
        (&[2, 3], &[1, 2]),
        (&[2, 0], &[1, 0]),
        (&[2, 3], &[0, 1, 2]),
        (&[1 << 16; 3], &[2, 1, 0]),
    ];
    for (dims, order) in wrong {
        assert_eq!(Permutation::new(dims, order), None, "{dims:?} {order:?}");
    }
    let seven: Vec<u8> = (0..7).rev().collect();
    assert_eq!(Permutation::new(&[2; 7], &seven), None);
    let decoded: Permutation = postcard::from_bytes(&[2, 2, 3, 2, 0, 0]).unwrap();
    assert!(!decoded.is_of(6));
    let decoded: Permutation = postcard::from_bytes(&[2, 0, 3, 2, 0, 1]).unwrap();
    assert!(!decoded.is_of(6));
}
