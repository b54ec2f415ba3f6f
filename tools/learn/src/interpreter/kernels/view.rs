//! Views of a batch, and their gradients.

use rayon::prelude::*;

use super::zeros;
use brelu_networks::graph::Axis;

/// Where the elements of an image's view come from: channels, rows and columns, nothing for zero.
#[derive(Clone, Debug)]
pub(in super::super) struct View {
    from: [usize; 3],
    sources: [Vec<Option<usize>>; 3],
}

impl View {
    /// A view of images of `from`: channels, rows, columns.
    pub(in super::super) fn new(axes: [&Axis; 3], from: [u32; 3]) -> Self {
        let of = |axis: usize| {
            let sources = axes[axis].sources(from[axis]);
            sources.map(|source| source.map(|source| source as usize)).collect()
        };
        Self { from: from.map(|size| size as usize), sources: [of(0), of(1), of(2)] }
    }

    /// Channels, rows and columns of the view.
    pub(super) fn shape(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis: usize| self.sources[axis].len())
    }

    /// The views of images.
    pub(super) fn forward(&self, x: &[f32]) -> Vec<f32> {
        let (from, to) = (self.from.iter().product::<usize>(), self.shape().iter().product::<usize>());
        let mut y = zeros(x.len() / from.max(1) * to);
        y.par_chunks_exact_mut(to.max(1)).zip(x.par_chunks_exact(from.max(1))).for_each(|(y, x)| {
            self.lines(|target, source| {
                for (to, from) in y[target..].iter_mut().zip(&self.sources[2]) {
                    *to = from.map_or(0.0, |from| x[source + from]);
                }
            });
        });
        y
    }

    /// The gradients of the images.
    pub(super) fn backward(&self, gradient: &[f32]) -> Vec<f32> {
        let (from, to) = (self.from.iter().product::<usize>(), self.shape().iter().product::<usize>());
        let mut found = zeros(gradient.len() / to.max(1) * from);
        let images = found.par_chunks_exact_mut(from.max(1)).zip(gradient.par_chunks_exact(to.max(1)));
        images.for_each(|(found, gradient)| {
            self.lines(|target, source| {
                for (value, from) in gradient[target..].iter().zip(&self.sources[2]) {
                    if let Some(from) = from {
                        found[source + from] += value;
                    }
                }
            });
        });
        found
    }

    /// Calls `each` with where a line of the view begins and where the line that it reads, for lines that read one.
    fn lines(&self, mut each: impl FnMut(usize, usize)) {
        let [channels, rows, columns] = &self.sources;
        let [_, height, width] = self.from;
        for (channel, from) in channels.iter().enumerate().filter_map(|(to, from)| Some((to, (*from)?))) {
            for (row, line) in rows.iter().enumerate().filter_map(|(to, from)| Some((to, (*from)?))) {
                each((channel * rows.len() + row) * columns.len(), (from * height + line) * width);
            }
        }
    }
}
