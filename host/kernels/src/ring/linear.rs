//! A linear map, packed for the way in which it is computed.

use std::fmt;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::share::Wiped;
use rayon::prelude::*;

use super::backend::Detected;
use super::direct::Direct;
use super::dot::dot;
use super::gemm::Gemm;
use super::micro::Micro;
use super::patches::Patches;
use super::winograd::winograd;
use super::{Backend, KernelError};

/// A way to compute a map, packed weights included.
pub(super) trait Map: Send + Sync {
    /// Adds the map of `x` to `out`, both of the lengths that the geometry asks for.
    fn accumulate(&self, x: &[u32], out: &mut [u32]);
}

/// Weights of one linear map, packed for a backend.
///
/// The weights may be secret: they are not printed, and wiped when dropped, as is what inputs are packed into.
pub struct Linear {
    backend: Backend,
    geometry: Conv2d,
    input_len: usize,
    output: Shape,
    map: Box<dyn Map>,
}

impl Linear {
    /// Packs `weights`, `[out_channels][input.channels / groups][kernel rows][kernel columns]` as residues mod
    /// 2^`bits` in two's complement, for `backend`. Small signed weights may be computed faster than full-range ones.
    ///
    /// # Errors
    ///
    /// [`KernelError::Unavailable`] if this processor lacks the backend, [`KernelError::Bits`] if `bits` is not in
    /// 1..=32, [`KernelError::Geometry`] if the geometry has no output or does not fit in memory,
    /// [`KernelError::Length`] if the number of weights is not that of the geometry.
    pub fn new(backend: Backend, geometry: &Conv2d, weights: &[u32], bits: u32) -> Result<Self, KernelError> {
        let detected = backend.detect()?;
        if !(1..=32).contains(&bits) {
            return Err(KernelError::Bits(bits));
        }
        let output = geometry.output().ok_or(KernelError::Geometry)?;
        let input_len = product(&[geometry.input.channels, geometry.input.height, geometry.input.width])?;
        let [kernel_height, kernel_width] = geometry.kernel.map(u32::from);
        let len = product(&[geometry.out_channels, geometry.group_inputs(), kernel_height, kernel_width])?;
        check_length("weights", len, weights.len())?;
        let weights = Wiped::new(weights.iter().map(|weight| signed(*weight, bits)).collect::<Vec<_>>());
        let map = choose(detected, geometry, output, &weights, bits);
        Ok(Self { backend, geometry: *geometry, input_len, output, map })
    }

    /// The geometry of the map.
    pub fn geometry(&self) -> &Conv2d {
        &self.geometry
    }

    /// Adds the map of `x` to `out`: `x` is the input tensor and `out` the output tensor of the geometry, residues
    /// whose bits from the ring size on have no meaning. Uses every thread of rayon's current pool.
    ///
    /// # Errors
    ///
    /// [`KernelError::Length`] if a slice does not have the length of its tensor; `out` is then unchanged.
    pub fn accumulate(&self, x: &[u32], out: &mut [u32]) -> Result<(), KernelError> {
        check_length("inputs", self.input_len, x.len())?;
        check_length("outputs", self.output.len(), out.len())?;
        self.map.accumulate(x, out);
        Ok(())
    }
}

/// The fastest way to compute a map. Weights are residues mod 2^32.
fn choose(backend: Detected, geometry: &Conv2d, output: Shape, weights: &[u32], bits: u32) -> Box<dyn Map> {
    let shape = [(geometry.out_channels / geometry.groups) as usize, geometry.fan_in()];
    let patches = Patches::new(geometry, output);
    if output.plane() == 1 {
        return dot(backend, shape, weights, patches);
    }
    if let Some(map) = Direct::new(backend, geometry, output, weights) {
        return Box::new(map);
    }
    let micro = backend.for_weights(weights, bits);
    winograd(backend, geometry, output, weights, bits, micro.cost)
        .unwrap_or_else(|| Box::new(Product::new(backend, micro, shape, weights, patches, output.plane())))
}

/// A matrix product with gathered patches, one a group.
struct Product {
    groups: Vec<Gemm>,
    patches: Patches,
    plane: usize,
}

impl Product {
    fn new(
        backend: Detected,
        micro: Micro,
        [rows, depth]: [usize; 2],
        weights: &[u32],
        patches: Patches,
        plane: usize,
    ) -> Self {
        let matrices = weights.chunks(rows * depth);
        let groups = matrices.map(|matrix| Gemm::new(backend, micro, rows, depth, matrix)).collect();
        Self { groups, patches, plane }
    }
}

impl Map for Product {
    fn accumulate(&self, x: &[u32], out: &mut [u32]) {
        let x = x.par_chunks(x.len() / self.groups.len());
        let out = out.par_chunks_mut(out.len() / self.groups.len());
        self.groups.par_iter().zip(x).zip(out).for_each(|((gemm, x), out)| {
            gemm.accumulate(&self.patches.of(x), out.chunks_mut(self.plane).collect());
        });
    }
}

/// The residue mod 2^32 of a residue mod 2^`bits` in two's complement.
fn signed(weight: u32, bits: u32) -> u32 {
    (((weight << (32 - bits)) as i32) >> (32 - bits)) as u32
}

impl fmt::Debug for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linear")
            .field("backend", &self.backend)
            .field("geometry", &self.geometry)
            .field("weights", &"redacted")
            .finish()
    }
}

/// The number of elements of a tensor with these sizes.
fn product(sizes: &[u32]) -> Result<usize, KernelError> {
    let len = sizes.iter().try_fold(1usize, |len, size| len.checked_mul(usize::try_from(*size).ok()?));
    len.filter(|len| *len <= isize::MAX as usize / 4).ok_or(KernelError::Geometry)
}

fn check_length(what: &'static str, expected: usize, actual: usize) -> Result<(), KernelError> {
    if expected == actual { Ok(()) } else { Err(KernelError::Length { what, expected, actual }) }
}
