//! Which sizes were chosen how often.

use std::collections::BTreeMap;

use plotters::prelude::*;

use super::chart::{self, GRID, INK, Scale, colour, text};
use super::{Chosen, Figure, FigureError};
use brelu_networks::blocks::BlockSize;
use brelu_networks::numbers::{count, percent};

/// Most sizes with a bar of their own.
const TOP: usize = 20;

/// How many channels have which size, the most frequent first, the rare ones together at the end.
pub(super) fn figure(spec: &Chosen, number: usize) -> Result<Figure, FigureError> {
    let mut counts: BTreeMap<BlockSize, u64> = BTreeMap::new();
    for size in spec.sizes.iter().flatten() {
        *counts.entry(*size).or_default() += 1;
    }
    let mut bars: Vec<(String, u64)> = Vec::new();
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    bars.extend(sorted.iter().take(TOP).map(|(size, count)| (size.to_string(), *count)));
    let rest = sorted.get(TOP..).unwrap_or_default();
    if !rest.is_empty() {
        bars.push((format!("{} others", rest.len()), rest.iter().map(|(_, count)| count).sum()));
    }
    let all: u64 = bars.iter().map(|(_, count)| count).sum();
    let svg = chart::draw(80 + 24 * bars.len() as u32, |root| paint(root, &bars, all.max(1)))?;
    let caption = format!(
        "Block sizes (rows x columns) of the {} channels in {}. Identity passes a channel on, zero drops it.",
        count(all),
        spec.name
    );
    Ok(Figure { name: format!("sizes-{number}"), caption, svg })
}

fn paint<'a>(
    root: &chart::Area<'a>,
    bars: &[(String, u64)],
    all: u64,
) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>> {
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
    let mut builder = ChartBuilder::on(root);
    builder.margin(12).margin_right(20).x_label_area_size(48).y_label_area_size(96);
    let mut chart = builder.build_cartesian_2d(0.0..most * 1.16, Scale::rows(bars.len(), 1))?;
    let label = |at: &f64| bars.get(*at as usize).map_or(String::new(), |bar| bar.0.clone());
    let whole = |value: &f64| count(*value as u64);
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(INK.mix(0.5));
    mesh.label_style(text(12)).axis_desc_style(text(14)).y_label_formatter(&label).x_label_formatter(&whole);
    mesh.x_desc("Channels").y_desc("Block size (pixels)").draw()?;
    for (row, (_, number)) in bars.iter().enumerate() {
        let (top, end) = (row as f64, *number as f64);
        let bar = Rectangle::new([(0.0, top + 0.16), (end, top + 0.84)], colour(0).filled());
        let words = format!("{} ({})", count(*number), percent(*number as f64 / all as f64));
        chart.draw_series(std::iter::once(bar))?;
        chart.draw_series(std::iter::once(
            EmptyElement::at((end, top + 0.5)) + Text::new(words, (6, -6), text(12)),
        ))?;
    }
    Ok(())
}
