//! Reading along the dimensions of a tensor at any constant positions.
//!
//! The views of a plan are regular: straight lines. A list of positions is cut into as few straight pieces as there are,
//! and every piece is a view of its own. Pieces of channels are joined. Pieces of other dimensions are each surrounded by
//! zeros and added up: every party does that alone on its components, so no list costs an exchange, and mirrored edges or
//! uneven repetitions have a handful of pieces.

use super::build::{Builder, Tensor};
use super::error::Problem;
use super::transposition::common;
use crate::graph::{Axis, Op};

/// Most pieces of one list.
const MAX_PIECES: usize = 256;

/// What is read along one dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Along {
    /// Positions on a straight line, zeros outside of the tensor.
    Regular(Axis),
    /// Straight pieces one after the other, all of them inside of the tensor.
    Pieces(Vec<Axis>),
}

impl Along {
    /// Every position of a dimension of `size`.
    pub(super) fn all(size: usize) -> Problem<Self> {
        length(size).map(|size| Self::Regular(Axis::identity(size)))
    }

    /// These positions, one at least.
    pub(super) fn of(sources: &[u32]) -> Problem<Self> {
        let mut pieces = Vec::new();
        let mut rest = sources;
        while !rest.is_empty() {
            if pieces.len() == MAX_PIECES {
                return Err(format!(
                    "reads {} positions of a dimension so unevenly that they are no {MAX_PIECES} regular pieces",
                    sources.len()
                ));
            }
            let (piece, len) = first_piece(rest).ok_or("reads nothing")?;
            pieces.push(piece);
            rest = &rest[len..];
        }
        match pieces[..] {
            [] => Err("reads nothing".into()),
            [only] => Ok(Self::Regular(only)),
            _ => Ok(Self::Pieces(pieces)),
        }
    }

    fn regular(&self, size: usize) -> Problem<Axis> {
        match self {
            Self::Regular(axis) => Ok(*axis),
            Self::Pieces(_) => length(size).map(Axis::identity),
        }
    }
}

pub(super) fn length(size: usize) -> Problem<u32> {
    u32::try_from(size).map_err(|_| format!("a dimension of {size} is too large"))
}

/// The longest straight beginning of a list, and its length. Whatever begins a straight list is straight.
fn first_piece(sources: &[u32]) -> Option<(Axis, usize)> {
    let (mut good, mut found) = (1, Axis::through(sources.get(..1)?)?);
    let mut bad = sources.len() + 1;
    let mut reach = 2;
    while good + 1 < bad {
        let len = if reach < bad { reach } else { good.midpoint(bad) };
        match Axis::through(&sources[..len]) {
            Some(axis) => (good, found, reach) = (len, axis, 2 * len),
            None => bad = len,
        }
    }
    Some((found, good))
}

/// What is read of `x`, for every dimension something.
pub(super) fn read(build: &mut Builder, x: &Tensor, along: &[Along]) -> Problem<Tensor> {
    let regular = x.dims.iter().zip(along).map(|(size, along)| along.regular(*size));
    let mut value = build.view(x, &regular.collect::<Problem<Vec<_>>>()?)?;
    for (at, along) in along.iter().enumerate() {
        if let Along::Pieces(pieces) = along {
            value = joined(build, &value, at, pieces)?;
        }
    }
    Ok(value)
}

fn joined(build: &mut Builder, x: &Tensor, at: usize, pieces: &[Axis]) -> Problem<Tensor> {
    let views = pieces.iter().map(|piece| one(build, x, at, *piece));
    let views = views.collect::<Problem<Vec<_>>>()?;
    join(build, at, &views)
}

/// `x` with one dimension read otherwise.
fn one(build: &mut Builder, x: &Tensor, at: usize, along: Axis) -> Problem<Tensor> {
    let axes = x.dims.iter().map(|size| length(*size).map(Axis::identity));
    let mut axes = axes.collect::<Problem<Vec<_>>>()?;
    axes[at] = along;
    build.view(x, &axes)
}

/// Tensors one after the other along dimension `at`; the others are the same.
pub(super) fn join(build: &mut Builder, at: usize, parts: &[Tensor]) -> Problem<Tensor> {
    let first = parts.first().ok_or("joins nothing")?;
    let fits = |part: &Tensor| {
        let same = part.dims.iter().zip(&first.dims).enumerate().all(|(dim, (a, b))| dim == at || a == b);
        same && part.dims.len() == first.dims.len()
    };
    if let Some(other) = parts.iter().find(|part| !fits(part)) {
        return Err(format!("joins {:?} and {:?} along dimension {at}", first.dims, other.dims));
    }
    if let Some((bases, order)) = common(parts, build).filter(|(_, order)| order[at] != 0) {
        let joined = join(build, order[at], &bases)?;
        return build.transpose_back(joined, order);
    }
    let mut dims = first.dims.clone();
    dims[at] = parts.iter().map(|part| part.dims[at]).sum();
    if at == first.channel_axis() {
        return build.push_as(Op::Concat, &parts.iter().collect::<Vec<_>>(), dims);
    }
    let mut before = 0;
    let mut sum: Option<Tensor> = None;
    for part in parts {
        let (len, total) = (part.dims[at], dims[at]);
        let place = Axis::pad(length(len)?, before as i64, (total - before - len) as i64);
        let placed = one(build, part, at, place)?;
        sum = Some(match sum {
            None => placed,
            Some(sum) => build.push_as(Op::Add, &[&sum, &placed], dims.clone())?,
        });
        before += len;
    }
    sum.ok_or_else(|| "joins nothing".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, run, simplify};
    use brelu_core::geometry::Shape;
    use proptest::prelude::*;

    fn sources(along: &Along, size: u32) -> Vec<u32> {
        let of = |axis: &Axis| axis.sources(size).map(Option::unwrap).collect::<Vec<_>>();
        match along {
            Along::Regular(axis) => of(axis),
            Along::Pieces(pieces) => pieces.iter().flat_map(of).collect(),
        }
    }

    #[test]
    fn mirrored_edges_have_three_pieces() {
        let list = [2, 1, 0, 1, 2, 3, 4, 5, 4, 3];
        let along = Along::of(&list).unwrap();
        assert!(matches!(&along, Along::Pieces(pieces) if pieces.len() == 3), "{along:?}");
        assert_eq!(sources(&along, 6), list);
        assert!(matches!(Along::of(&[3, 3, 4, 4, 5]), Ok(Along::Regular(_))));
    }

    #[test]
    fn lists_without_order_are_refused() {
        let list: Vec<u32> = (0..2000).map(|at| at * at % 1999).collect();
        let error = Along::of(&list).unwrap_err();
        assert!(error.starts_with("reads 2000 positions of a dimension so unevenly"), "{error}");
        assert_eq!(Along::of(&[]).unwrap_err(), "reads nothing");
    }

    proptest! {
        #[test]
        fn any_positions_are_read(lists in prop::array::uniform3(prop::collection::vec(0u32..5, 1..12))) {
            let shape = Shape::new(5, 5, 5);
            let x: Vec<f32> = (0..125).map(|at| at as f32).collect();
            let mut build = Builder::new(Graph::new("g", "x", shape).unwrap());
            build.begin("read");
            let input = Tensor { id: build.graph.input, dims: vec![1, 5, 5, 5], bytes: false };
            let mut along = vec![Along::all(1).unwrap()];
            along.extend(lists.iter().map(|list| Along::of(list).unwrap()));
            let result = read(&mut build, &input, &along).unwrap();
            prop_assert_eq!(&result.dims[1..], &lists.each_ref().map(Vec::len)[..]);
            let [channels, rows, columns] = &lists;
            let mut want = Vec::new();
            for channel in channels {
                for row in rows {
                    want.extend(columns.iter().map(|column| x[(channel * 25 + row * 5 + column) as usize]));
                }
            }
            prop_assert_eq!(run(&build.graph, &x).unwrap(), want.clone());
            prop_assert_eq!(run(&simplify(build.graph).unwrap(), &x).unwrap(), want);
        }
    }
}
