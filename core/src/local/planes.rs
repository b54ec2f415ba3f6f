use core::ops::Range;

use super::{Element, Local, Permutation, Picks, Windows};
use crate::geometry::Shape;

impl<Id: Copy> Local<Id> {
    /// Computes planes of the result, from plane `first` on, as many as `out` holds. The result has the shape `to`; `get`
    /// has the shape and the elements of the inputs. Sums of residues are not reduced.
    ///
    /// # Panics
    /// If shapes are not those of a checked plan.
    pub fn planes<'t, T: Element + 't>(
        &self,
        to: Shape,
        first: usize,
        out: &mut [T],
        get: impl Fn(Id) -> (Shape, &'t [T]),
    ) {
        let start = first * to.plane();
        let own = start..start + out.len();
        match self {
            Self::Offset { input } | Self::Reshape { input } => out.copy_from_slice(&get(*input).1[own]),
            Self::Shift { input, by } => {
                let values = out.iter_mut().zip(&get(*input).1[own]);
                values.for_each(|(out, value)| *out = (0..*by).fold(*value, |sum, _| sum.plus(sum)));
            }
            Self::Add { inputs, subtract } => {
                let [left, right] = inputs.map(|input| &get(input).1[own.clone()]);
                let pairs = out.iter_mut().zip(left.iter().zip(right));
                match subtract {
                    true => pairs.for_each(|(out, (left, right))| *out = left.minus(*right)),
                    false => pairs.for_each(|(out, (left, right))| *out = left.plus(*right)),
                }
            }
            Self::Concat { inputs } => {
                let mut at = 0;
                for input in inputs {
                    let part = get(*input).1;
                    let common = overlap(at..at + part.len(), own.clone());
                    if !common.is_empty() {
                        let to = common.start - start..common.end - start;
                        out[to].copy_from_slice(&part[common.start - at..common.end - at]);
                    }
                    at += part.len();
                }
            }
            Self::View { input, picks } => view(picks, to, first, out, get(*input)),
            Self::SumPool { input, windows } => pool(windows, to, first, out, get(*input)),
            Self::Permute { input, permutation } => permute(permutation, start, out, get(*input).1),
        }
    }
}

/// What two ranges have in common.
pub(crate) fn overlap(a: Range<usize>, b: Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}

fn view<T: Element>(picks: &Picks, to: Shape, first: usize, out: &mut [T], (from, x): (Shape, &[T])) {
    let columns = picks.columns(0..to.width, from.width);
    let (left, right) = (columns.start as usize, columns.end as usize);
    let planes = out.chunks_exact_mut(to.plane()).zip(first as u32..);
    for (out, channel) in planes {
        let channel = picks.source(0, channel, from.channels);
        for (out, row) in out.chunks_exact_mut(to.width as usize).zip(0..) {
            match channel.zip(picks.source(1, row, from.height)) {
                Some((channel, row)) if left < right => {
                    let start = channel as usize * from.plane() + row as usize * from.width as usize;
                    picks.row(0..to.width, from.width, &x[start + left..start + right], out);
                }
                _ => out.fill(T::default()),
            }
        }
    }
}

fn pool<T: Element>(windows: &Windows, to: Shape, first: usize, out: &mut [T], (from, x): (Shape, &[T])) {
    let columns = windows.columns(0..to.width, from.width);
    let (left, right) = (columns.start as usize, columns.end as usize);
    let planes = out.chunks_exact_mut(to.plane()).zip(x.chunks_exact(from.plane()).skip(first));
    for (out, plane) in planes {
        for (out, row) in out.chunks_exact_mut(to.width as usize).zip(0..) {
            out.fill(T::default());
            for row in windows.span(0, row, from.height) {
                let start = row as usize * from.width as usize;
                windows.add_row(0..to.width, from.width, &plane[start + left..start + right], out);
            }
        }
    }
}

fn permute<T: Element>(permutation: &Permutation, start: usize, out: &mut [T], x: &[T]) {
    let (part, mut from) = (start..start + out.len(), start);
    while let Some(run) = permutation.run(part.clone(), from) {
        run.put(&x[run.source..run.source + run.len], &mut out[run.at - start..]);
        from = run.at + 1;
    }
}
