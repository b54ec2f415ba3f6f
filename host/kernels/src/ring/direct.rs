//! Maps in many groups, depthwise ones first: a pass over consecutive pixels a kernel element, without packing.

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::share::Wiped;
use rayon::prelude::*;

use super::backend::Detected;
use super::compiled::Work;
use super::linear::Map;
use super::planes::Phases;

/// Elements whose sums stay in registers while the kernel passes.
const CHUNK: usize = 32;

/// Output planes of a group from which on a matrix product earns the packing of its patches.
const MANY_OUTPUTS: usize = 9;

/// Most elements of the phases of one group: they stay in the second-level cache.
const MANY_ELEMENTS: usize = 1 << 17;

/// Weights and the places of the pixels that they meet.
pub(super) struct Direct {
    backend: Detected,
    /// `[groups][output planes of a group][kernel elements]`, an element for every input plane of the group.
    weights: Wiped<Vec<u32>>,
    group_inputs: usize,
    group_outputs: usize,
    input_plane: usize,
    output: Shape,
    phases: Phases,
    /// Elements of all phases of one input plane.
    phases_len: usize,
    offsets: Vec<usize>,
}

impl Direct {
    /// The map, or `None` if the geometry is better served by a matrix product: many output planes a group, or
    /// groups that outgrow the cache.
    pub(super) fn new(backend: Detected, geometry: &Conv2d, output: Shape, weights: &[u32]) -> Option<Self> {
        let group_inputs = geometry.group_inputs() as usize;
        let group_outputs = (geometry.out_channels / geometry.groups) as usize;
        let phases = Phases::new(geometry, output);
        let phases_len = phases.len()?;
        let plane_outgrows = phases_len > 4 * (geometry.input.plane() + output.plane()) + 4096;
        let group_outgrows = group_inputs > 1 && phases_len > MANY_ELEMENTS / group_inputs;
        if group_outputs >= MANY_OUTPUTS || plane_outgrows || group_outgrows {
            return None;
        }
        let plane = phases.offsets();
        Some(Self {
            backend,
            weights: Wiped::new(weights.to_vec()),
            group_inputs,
            group_outputs,
            input_plane: geometry.input.plane(),
            output,
            phases,
            phases_len,
            offsets: (0..group_inputs)
                .flat_map(|input| plane.iter().map(move |offset| input * phases_len + offset))
                .collect(),
        })
    }
}

impl Map for Direct {
    fn accumulate(&self, x: &[u32], out: &mut [u32]) {
        let out = out.par_chunks_mut(self.group_outputs * self.output.plane());
        let weights = self.weights.par_chunks(self.group_outputs * self.offsets.len());
        let planes = x.par_chunks(self.group_inputs * self.input_plane).zip(weights).zip(out);
        planes.for_each_init(
            || Scratch::new(self),
            |scratch, ((x, weights), out)| {
                let phases = scratch.phases.chunks_mut(self.phases_len);
                x.chunks(self.input_plane)
                    .zip(phases)
                    .for_each(|(plane, phases)| self.phases.cut(plane, phases));
                let planes = out.chunks_mut(self.output.plane()).zip(weights.chunks(self.offsets.len()));
                for (out, weights) in planes {
                    let Scratch { phases, sums } = &mut *scratch;
                    self.backend.run(Pass { weights, offsets: &self.offsets, phases, sums });
                    self.add(sums, out);
                }
            },
        );
    }
}

impl Direct {
    fn add(&self, sums: &[u32], out: &mut [u32]) {
        let sums = sums.chunks(self.phases.width());
        for (out, sums) in out.chunks_mut(self.output.width as usize).zip(sums) {
            out.iter_mut().zip(sums).for_each(|(to, sum)| *to = to.wrapping_add(*sum));
        }
    }
}

/// Buffers of one thread.
struct Scratch {
    /// The phases of one group, and what the last chunk reads behind them.
    phases: Wiped<Vec<u32>>,
    /// Output rows as long as those of a phase; the surplus has no meaning.
    sums: Wiped<Vec<u32>>,
}

impl Scratch {
    fn new(map: &Direct) -> Self {
        let sums = (map.output.height as usize * map.phases.width()).next_multiple_of(CHUNK);
        let behind = map.phases.width() + CHUNK;
        let phases = vec![0; map.group_inputs * map.phases_len + behind];
        Self { phases: Wiped::new(phases), sums: Wiped::new(vec![0; sums]) }
    }
}

/// One kernel over the planes of its group.
struct Pass<'a> {
    weights: &'a [u32],
    offsets: &'a [usize],
    phases: &'a [u32],
    sums: &'a mut [u32],
}

impl Work for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (index, sums) in self.sums.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
            let mut chunk = [0u32; CHUNK];
            for (weight, offset) in self.weights.iter().zip(self.offsets) {
                let Some(pixels) = self.phases[index * CHUNK + offset..].first_chunk::<CHUNK>() else {
                    return;
                };
                for (sum, pixel) in chunk.iter_mut().zip(pixels) {
                    *sum = sum.wrapping_add(weight.wrapping_mul(*pixel));
                }
            }
            *sums = chunk;
        }
    }
}
