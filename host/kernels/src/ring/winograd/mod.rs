//! 3x3 kernels with stride 1 by minimal filtering, exact in a ring with bits to spare.
//!
//! A tile of `M` x `M` outputs of a 3x3 kernel `g` over a patch `d` of `N` x `N` inputs, `N = M + 2`, is
//!
//! `2^SPARE Y = A' [ (G g G') * (B' d B) ] A`     (`*` element by element, `'` transposed)
//!
//! which takes `N^2` multiplications instead of `9 M^2`, and these become `N^2` matrix products over the channels
//! (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for Convolutional
//! Neural Networks, CVPR 2016). The fractions of `G` have odd denominators, which are invertible mod 2^32, times a
//! power of two. That power is multiplied out: sums come scaled by `2^SPARE`, so that `32 - SPARE` bits are exact.

mod filter;
mod tiles;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::share::Wiped;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::backend::Detected;
use super::gemm::Gemm;
use super::linear::Map;
use super::patches::{Rows, clear};
use filter::{Filter, Four, Three};
use tiles::{Backward, Forward, LANES, transform_kernel};

/// Measured time to fetch one weight of a layer, in multiplications: what makes small planes not worth it.
const WEIGHT_COST: usize = 16;

/// Words that one task wipes.
const WIPE: usize = 1 << 15;

/// Words of a buffer that a thread keeps at most: those of larger maps are given back.
const KEPT: usize = 1 << 23;

/// Measured time to transform one element, in multiplications.
const TRANSFORM_COST: usize = 32;

/// What lies between the transforms. Wiped between maps.
#[derive(Default)]
struct Buffers {
    patches: Vec<u32>,
    sums: Vec<u32>,
}

thread_local! {
    /// Kept from map to map, up to [`KEPT`], as fresh pages cost as much as the products. A map takes them out while it runs, since
    /// the thread may begin another map while it waits for others to finish the first.
    static BUFFERS: Cell<Buffers> = Cell::default();
}

/// A map computed in tiles of `M` x `M` outputs.
pub(super) struct Winograd<F, const N: usize, const M: usize> {
    backend: Detected,
    /// For every element of a transformed patch, the matrix `[outputs][inputs]`.
    products: Vec<Gemm>,
    input: Shape,
    output: Shape,
    pads: [usize; 2],
    filter: PhantomData<F>,
}

/// Whether minimal filtering can compute a map at all.
fn suits(geometry: &Conv2d) -> bool {
    geometry.kernel == [3, 3]
        && geometry.stride == [1, 1]
        && geometry.dilation == [1, 1]
        && geometry.groups == 1
        && geometry.pads.iter().all(|pad| *pad <= 2)
}

/// The map in tiles of the best size, or `None` if a plain matrix product is faster, a multiplication of which costs
/// `product_cost` percent, or if the ring of `bits` bits leaves too few bits.
pub(super) fn winograd(
    backend: Detected,
    geometry: &Conv2d,
    output: Shape,
    weights: &[u32],
    bits: u32,
    product_cost: usize,
) -> Option<Box<dyn Map>> {
    if !suits(geometry) {
        return None;
    }
    let direct = 9 * (output.plane().next_multiple_of(LANES) * product_cost / 100 + WEIGHT_COST);
    let three = Winograd::<Three, 5, 3>::cost(geometry, output, bits);
    let four = Winograd::<Four, 6, 4>::cost(geometry, output, bits);
    match three.min(four) {
        best if best >= direct => None,
        best if best == four => {
            Some(Box::new(Winograd::<Four, 6, 4>::new(backend, geometry, output, weights)))
        }
        _ => Some(Box::new(Winograd::<Three, 5, 3>::new(backend, geometry, output, weights))),
    }
}

impl<F: Filter<N, M>, const N: usize, const M: usize> Winograd<F, N, M> {
    /// Multiplications for each pair of planes, with the transforms in the same unit.
    fn cost(geometry: &Conv2d, output: Shape, bits: u32) -> usize {
        if bits + F::SPARE > 32 {
            return usize::MAX;
        }
        let tiles = Self::tiles(output).next_multiple_of(LANES);
        let inputs = geometry.input.channels as usize;
        let outputs = geometry.out_channels as usize;
        let transforms = TRANSFORM_COST * tiles / outputs + TRANSFORM_COST * tiles / inputs;
        N * N * (tiles + WEIGHT_COST + transforms)
    }

    fn grid(output: Shape) -> [usize; 2] {
        [output.height as usize, output.width as usize].map(|size| size.div_ceil(M))
    }

    fn tiles(output: Shape) -> usize {
        let [down, right] = Self::grid(output);
        down * right
    }

    fn new(backend: Detected, geometry: &Conv2d, output: Shape, weights: &[u32]) -> Self {
        let (rows, depth) = (geometry.out_channels as usize, geometry.input.channels as usize);
        let mut matrices = Wiped::new(vec![0; N * N * rows * depth]);
        for (index, kernel) in weights.chunks_exact(9).enumerate() {
            let transformed = Wiped::new(transform_kernel::<F, N, M>(kernel));
            for (matrix, value) in matrices.chunks_mut(rows * depth).zip(transformed.iter()) {
                matrix[index] = *value;
            }
        }
        let micro = backend.word();
        let products = matrices
            .chunks(rows * depth)
            .map(|matrix| Gemm::new(backend, micro, rows, depth, matrix))
            .collect();
        let pads = [usize::from(geometry.pads[0]), usize::from(geometry.pads[1])];
        Self { backend, products, input: geometry.input, output, pads, filter: PhantomData }
    }

    /// Writes `[inputs][N * N][tiles]`, the transformed patches.
    fn transform(&self, x: &[u32], tiles: usize, patches: &mut Vec<u32>) {
        patches.resize(self.input.channels as usize * N * N * tiles, 0);
        let [down, right] = Self::grid(self.output);
        let (rows, width) = (down * M + 2, right * M + 2);
        let planes = x.par_chunks(self.input.plane()).zip(patches.par_chunks_mut(N * N * tiles));
        planes.for_each_init(
            || Wiped::new(vec![0; rows * width]),
            |padded, (plane, to)| {
                self.pad(plane, padded, width);
                self.backend.run(Forward::<F, N, M> { padded, width, right, to, filter: PhantomData });
            },
        );
    }

    fn pad(&self, plane: &[u32], padded: &mut [u32], width: usize) {
        let [top, left] = self.pads;
        let lines = plane.chunks(self.input.width as usize);
        for (line, to) in lines.zip(padded.chunks_mut(width).skip(top)) {
            let to = &mut to[left..];
            let len = line.len().min(to.len());
            to[..len].copy_from_slice(&line[..len]);
        }
    }

    /// Adds `[outputs][N * N][tiles]`, the products with the transformed weights, to the zeros of `sums`.
    fn multiply(&self, patches: &[u32], tiles: usize, sums: &mut Vec<u32>) {
        sums.resize(self.output.channels as usize * N * N * tiles, 0);
        let mut rows: Vec<Vec<&mut [u32]>> = (0..N * N).map(|_| Vec::new()).collect();
        for line in sums.chunks_mut(N * N * tiles) {
            rows.iter_mut().zip(line.chunks_mut(tiles)).for_each(|(rows, row)| rows.push(row));
        }
        self.products.par_iter().zip(rows).enumerate().for_each(|(element, (product, rows))| {
            product.accumulate(&Element { patches, element, stride: N * N, tiles }, rows);
        });
    }
}

impl<F: Filter<N, M>, const N: usize, const M: usize> Map for Winograd<F, N, M> {
    fn accumulate(&self, x: &[u32], out: &mut [u32]) {
        let tiles = Self::tiles(self.output).next_multiple_of(LANES);
        let Buffers { mut patches, mut sums } = BUFFERS.take();
        self.transform(x, tiles, &mut patches);
        self.multiply(&patches, tiles, &mut sums);
        patches.par_chunks_mut(WIPE).for_each(|patches| patches.zeroize());
        let planes = out.par_chunks_mut(self.output.plane()).zip(sums.par_chunks_mut(N * N * tiles));
        let size = [self.output.height as usize, self.output.width as usize];
        planes.for_each(|(out, sums)| {
            self.backend.run(Backward::<F, N, M> { sums, out, size, filter: PhantomData });
            sums.zeroize();
        });
        if patches.capacity().max(sums.capacity()) <= KEPT {
            BUFFERS.set(Buffers { patches, sums });
        }
    }
}

/// One element of every transformed patch: the rows are input planes, the columns are tiles.
struct Element<'a> {
    patches: &'a [u32],
    element: usize,
    stride: usize,
    tiles: usize,
}

impl Rows for Element<'_> {
    fn read(&self, rows: Range<usize>, columns: Range<usize>, to: &mut [u32], width: usize) {
        let patches = self.patches.chunks(self.stride * self.tiles).skip(rows.start);
        for (patch, to) in patches.zip(to.chunks_mut(width).take(rows.len())) {
            let (inside, rest) = to.split_at_mut(columns.len());
            inside.copy_from_slice(&patch[self.element * self.tiles..][columns.clone()]);
            clear(rest);
        }
    }
}
