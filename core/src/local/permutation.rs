use core::ops::Range;

use heapless::Vec;
use serde::{Deserialize, Serialize};

use super::Element;

/// Most axes that a permutation has.
pub const MAX_AXES: usize = 6;

/// The elements of a tensor, read under other dimensions, with the axes in another order: a transposition, the depth to
/// space of a sub-pixel convolution, a shuffle of channels.
///
/// Axis `i` of the result is axis `order[i]` of what is read. Both are stored with the last axis fastest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permutation {
    dims: Vec<u32, MAX_AXES>,
    order: Vec<u8, MAX_AXES>,
}

impl Permutation {
    /// The axes of lengths `dims` in the order `order`. Axes of one element are left out and those that stay beside each
    /// other are one, so that equal permutations are equal values. `None` if `order` does not permute the axes, an axis is
    /// empty, or more than [`MAX_AXES`] of them, or more than 2^32 elements, are left.
    pub fn new(dims: &[u32], order: &[u8]) -> Option<Self> {
        if !permutes(order, dims.len()) || dims.contains(&0) {
            return None;
        }
        // Axes in the order of the result, each by the first of those that it is made of.
        let mut joined: Vec<(usize, u32), MAX_AXES> = Vec::new();
        let mut next = None;
        for axis in order.iter().map(|axis| usize::from(*axis)).filter(|axis| dims[*axis] != 1) {
            match (joined.last_mut(), next == Some(axis)) {
                (Some((_, len)), true) => *len = len.checked_mul(dims[axis])?,
                _ => joined.push((axis, dims[axis])).ok()?,
            }
            next = (axis + 1..dims.len()).find(|axis| dims[*axis] != 1);
        }
        let place = |first: usize| joined.iter().filter(|(other, _)| *other < first).count() as u8;
        let order = joined.iter().map(|(first, _)| place(*first)).collect();
        joined.sort_unstable_by_key(|(first, _)| *first);
        let permutation = Self { dims: joined.iter().map(|(_, len)| *len).collect(), order };
        permutation.len().map(|_| permutation)
    }

    /// This one, and then `next` of its result. `None` if that takes too many axes, or axes that are none of both.
    pub fn then(&self, next: &Self) -> Option<Self> {
        let parts = self.common_axes(next)?;
        // The parts where they are read, and where each of them is then.
        let mut read: Vec<usize, PARTS> = (0..parts.len()).collect();
        read.sort_unstable_by_key(|part| (parts[*part].read, *part));
        let dims: Vec<u32, PARTS> = read.iter().map(|part| parts[*part].len).collect();
        let mut order: Vec<u8, PARTS> = Vec::new();
        for axis in &next.order {
            for part in (0..parts.len()).filter(|part| parts[*part].passed == *axis) {
                order.push(read.iter().position(|other| *other == part)? as u8).ok()?;
            }
        }
        Self::new(&dims, &order)
    }

    /// Axes that the result of this one and what `next` reads are both made of.
    fn common_axes(&self, next: &Self) -> Option<Vec<Part, PARTS>> {
        let mut parts = Vec::new();
        let mut mine = self.order.iter().map(|axis| (*axis, self.dims[usize::from(*axis)]));
        let mut other = (0u8..).zip(next.dims.iter().copied());
        let (mut from, mut to) = (mine.next(), other.next());
        while let (Some((read, left)), Some((passed, right))) = (from, to) {
            let len = left.min(right);
            if left % len != 0 || right % len != 0 {
                return None;
            }
            parts.push(Part { read, passed, len }).ok()?;
            from = if left == len { mine.next() } else { Some((read, left / len)) };
            to = if right == len { other.next() } else { Some((passed, right / len)) };
        }
        (from.is_none() && to.is_none()).then_some(parts)
    }

    /// What brings the elements back to where they were.
    pub fn inverse(&self) -> Self {
        let dims = self.order.iter().map(|axis| self.dims[usize::from(*axis)]).collect();
        let place =
            |axis: usize| self.order.iter().position(|own| usize::from(*own) == axis).unwrap_or(0) as u8;
        Self { dims, order: (0..self.order.len()).map(place).collect() }
    }

    /// Lengths of the axes that are read.
    pub fn dims(&self) -> &[u32] {
        &self.dims
    }

    /// The axis that each one of the result is.
    pub fn order(&self) -> &[u8] {
        &self.order
    }

    /// Whether everything stays where it is.
    pub fn is_identity(&self) -> bool {
        self.order.is_sorted()
    }

    /// Whether it is one of so many elements. What was decoded may be none at all.
    pub fn is_of(&self, elements: u64) -> bool {
        permutes(&self.order, self.dims.len()) && self.len().is_some_and(|len| u64::from(len) == elements)
    }

    fn len(&self) -> Option<u32> {
        self.dims.iter().try_fold(1u32, |len, size| len.checked_mul(*size))
    }

    /// Elements of the axis that is read along, and their distance in the result.
    fn fastest(&self) -> (usize, usize) {
        let Some(axis) = self.dims.len().checked_sub(1) else { return (1, 1) };
        let behind = self.order.iter().rev().take_while(|other| usize::from(**other) != axis);
        (self.dims[axis] as usize, behind.map(|other| self.dims[usize::from(*other)] as usize).product())
    }

    /// Whether elements that are read one after the other stay beside each other.
    pub(crate) fn keeps_rows(&self) -> bool {
        self.fastest().1 == 1
    }

    /// The element that element `at` of the result is.
    pub fn source(&self, at: u32) -> u32 {
        let (mut source, mut rest) = (0, at);
        for axis in self.order.iter().rev().map(|axis| usize::from(*axis)) {
            let len = self.dims[axis];
            source += rest % len * self.dims[axis + 1..].iter().product::<u32>();
            rest /= len;
        }
        source
    }

    /// The first run that begins in `part` of the result at `from` or after it. All of them have every element of the part
    /// once.
    pub(crate) fn run(&self, part: Range<usize>, from: usize) -> Option<Run> {
        let (length, step) = self.fastest();
        // What stands behind another element of the part is in the run of that one.
        let continues = !(from / step).is_multiple_of(length) && from >= part.start + step;
        let at = if continues { (from / (step * length) + 1) * (step * length) } else { from };
        let left = part.end.checked_sub(at).filter(|left| *left > 0)?;
        let len = (length - at / step % length).min(left.div_ceil(step));
        Some(Run { at, step, source: self.source(at as u32) as usize, len })
    }
}

/// Most parts of axes that two permutations have in common.
const PARTS: usize = 2 * MAX_AXES;

/// A part of an axis of the first and of an axis of the second of two permutations.
#[derive(Clone, Copy)]
struct Part {
    read: u8,
    passed: u8,
    len: u32,
}

/// Elements that are read one after the other: of the result those at `at`, `at + step`, ...
pub(crate) struct Run {
    pub(crate) at: usize,
    pub(crate) step: usize,
    pub(crate) source: usize,
    pub(crate) len: usize,
}

impl Run {
    /// Puts them where they belong; `out` begins with the first one.
    pub(crate) fn put<T: Element>(&self, elements: &[T], out: &mut [T]) {
        match self.step {
            1 => out[..elements.len()].copy_from_slice(elements),
            step => out.iter_mut().step_by(step).zip(elements).for_each(|(out, element)| *out = *element),
        }
    }
}

fn permutes(order: &[u8], axes: usize) -> bool {
    order.len() == axes && (0..axes).all(|axis| order.iter().any(|own| usize::from(*own) == axis))
}

#[cfg(test)]
mod tests;
