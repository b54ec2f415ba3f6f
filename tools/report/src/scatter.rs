//! Estimated against exact distortions.

use plotters::prelude::*;

use super::chart::{self, GRID, INK, Scale, colour, power, text};
use super::{Figure, FigureError};
use brelu_budget::distortion::{self, Method, Table};
use brelu_networks::blocks::BlockSize;
use brelu_networks::numbers::count;

/// Most points that are drawn.
const MOST: usize = 4000;

/// Pairs of an estimated and an exact distortion; 1x1, where both are 0, is left out.
fn pairs(table: &Table) -> Vec<(f64, f64)> {
    let layers = table.layers.iter().flat_map(|layer| {
        let values = layer.distortion.iter().zip(&layer.exact);
        let sized = values.zip(layer.sizes.iter().cycle()).filter(|(_, size)| **size != BlockSize::RELU);
        sized.map(|((estimate, exact), _)| (*estimate, *exact))
    });
    layers.filter(|(_, exact)| !exact.is_nan()).collect()
}

/// Exact distortions over estimated ones; nothing if there are fewer than three exact ones, or nothing was estimated.
pub(super) fn figure(table: &Table) -> Result<Option<Figure>, FigureError> {
    let pairs = pairs(table);
    let both = pairs.iter().flat_map(|(estimate, exact)| [*estimate, *exact]);
    let axis =
        Scale::logarithmic(both).filter(|_| pairs.len() >= 3 && table.provenance.method != Method::Exact);
    let Some(axis) = axis else { return Ok(None) };
    let positive = |pair: &&(f64, f64)| pair.0 > 0.0 && pair.1 > 0.0;
    let every = pairs.len().div_ceil(MOST).max(1);
    let points: Vec<(f64, f64)> =
        pairs.iter().filter(positive).step_by(every).map(|(x, y)| (x.log10(), y.log10())).collect();
    let svg = chart::draw(560, |root| paint(root, &points, &axis))?;
    let caption = format!(
        "Estimated and exact distortion of {} triples of layer, channel and size ({} drawn). Spearman's rank \
         correlation is {:.4}; on the line both are equal.",
        count(pairs.len() as u64),
        count(points.len() as u64),
        spearman(&pairs)
    );
    Ok(Some(Figure { name: "estimate".into(), caption, svg }))
}

fn paint<'a>(
    root: &chart::Area<'a>,
    points: &[(f64, f64)],
    axis: &Scale,
) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>> {
    let mut builder = ChartBuilder::on(root);
    builder.margin(14).margin_left(80).margin_right(110).x_label_area_size(50).y_label_area_size(74);
    let side = || axis.clone();
    let mut chart = builder.build_cartesian_2d(side(), side())?;
    let mut mesh = chart.configure_mesh();
    mesh.bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(INK.mix(0.5));
    mesh.label_style(text(12)).axis_desc_style(text(14)).x_label_formatter(&power).y_label_formatter(&power);
    mesh.x_desc("Estimated distortion (mean squared change of an output)");
    mesh.y_desc("Exact distortion (mean squared change of an output)").draw()?;
    let (low, high) = (axis.range.start, axis.range.end);
    chart.draw_series(LineSeries::new([(low, low), (high, high)], INK.mix(0.6).stroke_width(1)))?;
    chart.draw_series(points.iter().map(|point| Circle::new(*point, 2, colour(0).mix(0.45).filled())))?;
    Ok(())
}

/// Spearman's rank correlation; 0 if one side is constant.
fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    Some(distortion::spearman(&a, &b)).filter(|value| value.is_finite()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_of_known_lists() {
        assert_eq!(spearman(&[(1.0, 10.0), (2.0, 20.0), (3.0, 90.0)]), 1.0);
        assert_eq!(spearman(&[(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]), -1.0);
        assert_eq!(spearman(&[(1.0, 3.0), (1.0, 2.0)]), 0.0);
    }
}
