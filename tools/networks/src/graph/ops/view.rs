use super::super::Axis;
use super::{Operator, Tensor};
use brelu_core::geometry::Shape;

/// [`Op::View`](super::Op::View): the axes of channels, rows and columns.
pub(crate) struct View<'a>(pub(crate) [&'a Axis; 3]);

impl Operator for View<'_> {
    fn output(&self, _: &[Shape]) -> Result<Shape, String> {
        if self.0.iter().any(|axis| axis.den <= 0) {
            return Err("a view divides by less than one".into());
        }
        let [channels, height, width] = self.0.map(|axis| axis.len);
        Ok(Shape::new(channels, height, width))
    }

    fn run(&self, inputs: &[Tensor<'_>], _: Shape, _: &mut Vec<f32>, out: &mut [f32]) {
        let Tensor { shape: from, values: x } = inputs[0];
        let [channels, rows, columns] = self.0;
        let rows: Vec<_> = rows.sources(from.height).collect();
        let columns: Vec<_> = columns.sources(from.width).collect();
        let planes = out.chunks_exact_mut(rows.len() * columns.len());
        for (out, channel) in planes.zip(channels.sources(from.channels)) {
            let Some(channel) = channel else { continue };
            let plane = &x[channel as usize * from.plane()..][..from.plane()];
            for (out, row) in out.chunks_exact_mut(columns.len()).zip(&rows) {
                let Some(row) = row else { continue };
                let line = &plane[*row as usize * from.width as usize..][..from.width as usize];
                for (out, column) in out.iter_mut().zip(&columns) {
                    *out = column.map_or(0.0, |column| line[column as usize]);
                }
            }
        }
    }

    fn is_identity(&self, inputs: &[Shape]) -> bool {
        let sizes = [inputs[0].channels, inputs[0].height, inputs[0].width];
        self.0.iter().zip(sizes).all(|(axis, size)| axis.is_identity(size))
    }
}
