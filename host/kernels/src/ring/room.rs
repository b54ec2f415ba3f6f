//! What kernels take for a map, whichever of them computes it.

use brelu_core::geometry::Conv2d;

/// Bytes that a map takes: bounds from above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelRoom {
    /// Of packed weights.
    pub packed: u64,
    /// While weights are packed.
    pub packing: u64,
    /// While the map is computed, besides its input and output.
    pub running: u64,
}

/// Rows and elements that fill the last panel and the last group of packed weights, at most.
const FILL: [u64; 2] = [7, 3];

/// Elements of the larger transformed patch of minimal filtering.
const PATCH: u64 = 36;

/// Rows and columns of the smaller tile of minimal filtering.
const TILE: u32 = 3;

/// Words that a thread packs at a time, and keeps: panels of a block of the inner dimension.
const PACKED: u64 = 1 << 18;

/// Elements of the phases of one group in the kernel for many groups.
const PHASES: u64 = 1 << 17;

impl KernelRoom {
    /// Of `map`.
    pub fn of(map: &Conv2d) -> Self {
        let Some(output) = map.output() else { return Self::default() };
        let threads = rayon::current_num_threads() as u64;
        let (groups, depth) = (u64::from(map.groups), map.fan_in() as u64);
        let rows = u64::from(map.out_channels) / groups;
        let filtered = map.kernel == [3, 3] && map.stride == [1, 1] && map.dilation == [1, 1] && groups == 1;
        let (inputs, outputs) = (u64::from(map.input.channels), u64::from(map.out_channels));
        let panels = groups * (rows + FILL[0]);
        let (words, patches) = if filtered {
            let tiles = u64::from(output.height.div_ceil(TILE)) * u64::from(output.width.div_ceil(TILE));
            let patches = PATCH * tiles.next_multiple_of(64);
            (panels * (inputs + FILL[1]) * PATCH, patches.saturating_mul(inputs + outputs))
        } else {
            (panels * (depth + FILL[1]), 0)
        };
        let planes = (map.input.plane() + output.plane()) as u64;
        let thread = depth + PACKED + PHASES + 8 * planes;
        // A slice for every output row of every product, and one for every column block of these.
        let slices = 16 * if filtered { PATCH } else { 1 } * outputs + 2 * output.len() as u64;
        Self {
            packed: words * 4 + depth * 8 + groups * 128,
            packing: (map.weight_len() as u64 * 2 + words) * 4,
            running: patches.saturating_add(threads * thread).saturating_mul(4).saturating_add(slices),
        }
    }
}
