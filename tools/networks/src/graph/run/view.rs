use super::super::Axis;
use brelu_core::geometry::Shape;

/// Copies the elements the axes (channels, rows, columns) select; `out` is zero before.
pub(super) fn view(axes: [&Axis; 3], from: Shape, x: &[f32], out: &mut [f32]) {
    let [channels, rows, columns] = axes;
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
