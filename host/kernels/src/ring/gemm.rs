//! The blocked matrix product that most maps become.

use std::cell::RefCell;
use std::ops::Range;

use brelu_core::share::Wiped;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::backend::Detected;
use super::compiled::Work;
use super::format::Format;
use super::micro::{MAX_TILE, Micro};
use super::patches::{Rows, clear};

/// Elements of the inner dimension in one block: a panel of the right factor then stays in the second-level cache
/// beside the panels of the left factor that it meets.
const DEPTH: usize = 256;

/// Rows of the right factor that are read at a time, over all panels: a multiple of every group, and few enough that
/// reading along them is reading consecutive memory.
const READ: usize = 8;

/// Panels of the right factor that one task packs at a time.
const TASK_PANELS: usize = 4;

/// Vectors of columns for each thread from which on tasks of whole columns are even enough.
const MANY_VECTORS: usize = 8;

/// Fewest panels of the left factor for which a task repeats the packing of the right one.
const TASK_ROWS: usize = 8;

thread_local! {
    /// Every task packs into the same memory of its thread, and wipes it: fresh pages cost more than what is written to
    /// them.
    static PACKED: RefCell<Packed> = RefCell::default();
}

/// The left factor of a product, packed.
pub(super) struct Gemm {
    backend: Detected,
    micro: Micro,
    rows: usize,
    depth: usize,
    /// Panels of `micro.rows` rows; in a panel, group after group, word after word, row after row.
    panels: Wiped<Vec<u32>>,
}

impl Gemm {
    /// Packs the matrix `[rows][depth]`, both positive, for a micro kernel of `backend`.
    pub(super) fn new(backend: Detected, micro: Micro, rows: usize, depth: usize, matrix: &[u32]) -> Self {
        let panels = rows.div_ceil(micro.rows);
        let mut gemm = Self { backend, micro, rows, depth, panels: Wiped::default() };
        let len = gemm.panel_len();
        gemm.panels = Wiped::new(vec![0; panels * len]);
        for (panel, rows) in gemm.panels.chunks_mut(len).zip(matrix.chunks(micro.rows * depth)) {
            pack_left(&micro, rows, depth, panel);
        }
        gemm
    }

    /// Adds the product with `right` to the rows `out`, all of the same length.
    pub(super) fn accumulate<R: Rows>(&self, right: &R, out: Vec<&mut [u32]>) {
        let width = out.first().map_or(0, |row| row.len());
        let grid = Grid::new(&self.micro, self.rows, width);
        grid.tiles(out).into_par_iter().for_each(|tile| self.task(right, tile));
    }

    fn groups(&self) -> usize {
        self.depth.div_ceil(self.micro.format.group())
    }

    fn panel_len(&self) -> usize {
        self.groups() * self.micro.format.left_words() * self.micro.rows
    }

    fn task<R: Rows>(&self, right: &R, mut tile: Tile<'_>) {
        let group = self.micro.format.group();
        for start in (0..self.depth).step_by(DEPTH) {
            let depth = start..self.depth.min(start + DEPTH);
            PACKED.with_borrow_mut(|packed| {
                packed.fill(self, right, depth.clone(), tile.columns.clone());
                self.block(depth.start / group..depth.end.div_ceil(group), packed, &mut tile);
            });
        }
        PACKED.with_borrow_mut(Packed::wipe);
    }

    fn block(&self, groups: Range<usize>, packed: &Packed, tile: &mut Tile<'_>) {
        let step = self.micro.format.left_words() * self.micro.rows;
        for (index, out) in tile.rows.chunks_mut(self.micro.rows).enumerate() {
            let left = (tile.first_panel + index) * self.panel_len();
            let left = &self.panels[left + groups.start * step..left + groups.end * step];
            for panel in &packed.panels {
                let mut sums = [0; MAX_TILE];
                self.micro.run(left, &packed.words[panel.words.clone()], &mut sums, panel.width);
                add_rows(&sums, panel.width, panel.columns.clone(), out);
            }
        }
    }
}

fn pack_left(micro: &Micro, rows: &[u32], depth: usize, panel: &mut [u32]) {
    let (group, count) = (micro.format.group(), micro.format.left_words());
    for (row, line) in rows.chunks(depth).enumerate() {
        for (values, to) in line.chunks(group).zip(panel.chunks_mut(count * micro.rows)) {
            let (mut whole, mut words) = ([0; 4], [0; 4]);
            whole[..values.len()].copy_from_slice(values);
            micro.format.left(&whole[..group], &mut words[..count]);
            for (word, to) in words[..count].iter().zip(to.chunks_mut(micro.rows)) {
                to[row] = *word;
            }
        }
    }
}

fn add_rows(sums: &[u32], width: usize, columns: Range<usize>, out: &mut [&mut [u32]]) {
    for (sums, row) in sums.chunks(width).zip(out) {
        for (to, sum) in row[columns.clone()].iter_mut().zip(sums) {
            *to = to.wrapping_add(*sum);
        }
    }
}

/// One task's rectangle of the output.
struct Tile<'a> {
    first_panel: usize,
    columns: Range<usize>,
    rows: Vec<&'a mut [u32]>,
}

/// How the output is cut into tasks.
struct Grid {
    /// Where the columns of each block of columns end.
    ends: Vec<usize>,
    task_rows: usize,
    panel_rows: usize,
}

impl Grid {
    /// Cuts columns where there are enough to keep every thread busy, else rows.
    fn new(micro: &Micro, rows: usize, width: usize) -> Self {
        let threads = rayon::current_num_threads();
        let vectors = width.div_ceil(micro.lanes).max(1);
        let row_panels = rows.div_ceil(micro.rows);
        let (mut blocks, mut splits) = (vectors.div_ceil(TASK_PANELS * micro.columns / micro.lanes), 1);
        if vectors >= MANY_VECTORS * threads {
            blocks = blocks.next_multiple_of(threads);
        } else if blocks < 2 * threads {
            splits = (2 * threads).div_ceil(blocks).min(row_panels.div_ceil(TASK_ROWS));
        }
        if splits * blocks < threads {
            blocks = threads.min(vectors);
        }
        Self {
            ends: (1..=blocks).map(|block| width.min(block * vectors / blocks * micro.lanes)).collect(),
            task_rows: row_panels.div_ceil(splits) * micro.rows,
            panel_rows: micro.rows,
        }
    }

    fn tiles<'a>(&self, out: Vec<&'a mut [u32]>) -> Vec<Tile<'a>> {
        let blocks = self.ends.len();
        let splits = out.len().div_ceil(self.task_rows);
        let mut tiles: Vec<_> = (0..splits * blocks).map(|index| self.empty(index)).collect();
        for (row, mut line) in out.into_iter().enumerate() {
            for tile in &mut tiles[row / self.task_rows * blocks..][..blocks] {
                let (piece, rest) = line.split_at_mut(tile.columns.len());
                tile.rows.push(piece);
                line = rest;
            }
        }
        tiles
    }

    fn empty<'a>(&self, index: usize) -> Tile<'a> {
        let (split, block) = (index / self.ends.len(), index % self.ends.len());
        Tile {
            first_panel: split * self.task_rows / self.panel_rows,
            columns: block.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[block],
            rows: Vec::new(),
        }
    }
}

/// Panels of the right factor, packed for one block of the inner dimension.
#[derive(Default)]
struct Packed {
    words: Vec<u32>,
    /// Words that are not wiped.
    used: usize,
    panels: Vec<Panel>,
    /// Rows of one panel before they are cut into words.
    whole: Vec<u32>,
}

struct Panel {
    words: Range<usize>,
    /// Columns of the task's rectangle.
    columns: Range<usize>,
    /// Columns with those that fill the last vector.
    width: usize,
}

impl Packed {
    /// Wipes what was packed since this was called last.
    fn wipe(&mut self) {
        self.words[..self.used].zeroize();
        self.whole.as_mut_slice().zeroize();
        self.used = 0;
    }

    fn fill<R: Rows>(&mut self, gemm: &Gemm, right: &R, depth: Range<usize>, columns: Range<usize>) {
        let groups = depth.len().div_ceil(gemm.micro.format.group());
        self.lay_out(&gemm.micro, groups, columns.len());
        let pieces = depth.clone().step_by(READ).map(|start| start..depth.end.min(start + READ));
        for piece in pieces {
            self.fill_piece(gemm, right, depth.start, piece, columns.start);
        }
    }

    fn fill_piece<R: Rows>(
        &mut self,
        gemm: &Gemm,
        right: &R,
        start: usize,
        rows: Range<usize>,
        first: usize,
    ) {
        let format = gemm.micro.format;
        let group = format.group();
        let groups = (rows.start - start) / group..(rows.end - start).div_ceil(group);
        for panel in &self.panels {
            let columns = first + panel.columns.start..first + panel.columns.end;
            let (width, step) = (panel.width, format.right_words() * panel.width);
            let words = &mut self.words[panel.words.clone()][groups.start * step..groups.end * step];
            if group == 1 {
                right.read(rows.clone(), columns, words, width);
                continue;
            }
            let whole = &mut self.whole[..groups.len() * group * width];
            clear(&mut whole[rows.len() * width..]);
            right.read(rows.clone(), columns, whole, width);
            gemm.backend.run(Cut { format, whole, words, width });
        }
    }

    fn lay_out(&mut self, micro: &Micro, groups: usize, columns: usize) {
        self.panels.clear();
        let mut words = 0..0;
        for start in (0..columns).step_by(micro.columns) {
            let columns = start..columns.min(start + micro.columns);
            let width = columns.len().next_multiple_of(micro.lanes);
            words = words.end..words.end + groups * micro.format.right_words() * width;
            self.panels.push(Panel { words: words.clone(), columns, width });
        }
        self.words.resize(words.end.max(self.words.len()), 0);
        self.whole.resize((READ * micro.columns).max(self.whole.len()), 0);
        self.used = self.used.max(words.end);
    }
}

/// Cuts the activations of a panel into words.
struct Cut<'a> {
    format: Format,
    whole: &'a [u32],
    words: &'a mut [u32],
    width: usize,
}

impl Work for Cut<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let groups = self.whole.chunks_exact(self.format.group() * self.width);
        let words = self.words.chunks_exact_mut(self.format.right_words() * self.width);
        for (group, words) in groups.zip(words) {
            self.format.right(group, words, self.width);
        }
    }
}
