//! The distortions themselves: channels by sizes, one picture a layer.

use plotters::prelude::*;

use super::chart::{self, INK, Scale, power, text};
use super::raster::{image, viridis};
use super::{Chosen, Figure, FigureError};
use brelu_budget::distortion::{LayerTable, Table};
use brelu_networks::blocks::BlockSize;

/// Most powers of ten that colours tell apart: below are rounding errors of channels that do nothing.
const DECADES: f64 = 6.0;

/// The plot in the picture: left, right and top in pixels, and room below it.
const LEFT: u32 = 108;
const RIGHT: u32 = 790;
const TOP: u32 = 16;
const BELOW: u32 = 56;
/// What is left free beside the title of the sizes.
const INSET: u32 = 14;

/// Decimal logarithms of the distortions, relative to the output's power, that the colours span in all layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    low: f64,
    high: f64,
    power: f64,
}

impl Span {
    /// All but the lowest and highest thousandth of a table's positive distortions, and not more than [`DECADES`].
    pub(super) fn of(table: &Table) -> Self {
        let power = Some(table.provenance.output_power).filter(|power| *power > 0.0).unwrap_or(1.0);
        let values = table.layers.iter().flat_map(|layer| &layer.distortion);
        let mut logs: Vec<f64> =
            values.filter(|value| **value > 0.0).map(|value| (value / power).log10()).collect();
        logs.sort_by(f64::total_cmp);
        let at = |share: f64| logs.get((share * logs.len() as f64) as usize).copied();
        let low = at(0.001).unwrap_or(-1.0);
        let high = at(0.999).or(logs.last().copied()).unwrap_or(0.0).max(low + 0.1);
        Self { low: low.max(high - DECADES), high, power }
    }

    /// Numbers beside the colours, and where: from 0 for the lowest to 1.
    fn labels(&self) -> Vec<(f64, String)> {
        let axis = Scale::between(self.low, self.high);
        let place = |log: f64| (log - self.low) / (self.high - self.low);
        let ticks = axis.ticks.into_iter().map(|log| (place(log), power(&log)));
        ticks.filter(|(place, _)| (0.0..=1.0).contains(place)).collect()
    }

    fn share(&self, distortion: f64) -> f64 {
        ((distortion / self.power).log10() - self.low) / (self.high - self.low)
    }
}

/// Channels, the most sensitive to blocks first.
fn order(layer: &LayerTable) -> Vec<usize> {
    let blocks: Vec<usize> = (0..layer.sizes.len())
        .filter(|at| layer.sizes[*at].decides() && layer.sizes[*at] != BlockSize::RELU)
        .collect();
    let loss = |channel: usize| -> f64 {
        blocks.iter().map(|at| layer.best(channel, *at).max(f64::MIN_POSITIVE).log10()).sum()
    };
    let mut channels: Vec<(f64, usize)> =
        (0..layer.shape.channels as usize).map(|channel| (loss(channel), channel)).collect();
    channels.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    channels.into_iter().map(|(_, channel)| channel).collect()
}

/// The distortions of layer `index`, with a dot at each channel's size in the spec.
pub(super) fn figure(
    table: &Table,
    index: usize,
    span: Span,
    spec: Option<&Chosen>,
) -> Result<Figure, FigureError> {
    let layer = &table.layers[index];
    let (sizes, channels) = (layer.sizes.len(), order(layer));
    let cell = (520 / sizes.max(1) as u32).clamp(5, 18);
    let height = cell * sizes as u32;
    let svg = chart::draw(TOP + height + BELOW, |root| axes(root, layer, height))?;
    let mut pixels = Vec::with_capacity(sizes * channels.len());
    for candidate in 0..sizes {
        pixels.extend(channels.iter().map(|channel| match layer.best(*channel, candidate) {
            0.0 => [255; 3],
            distortion => viridis(span.share(distortion)),
        }));
    }
    let place = [LEFT, TOP, RIGHT - LEFT, height].map(f64::from);
    let mut elements = image(&pixels, channels.len(), place)?;
    elements += &frame(height);
    elements += &dots(layer, &channels, cell, spec.and_then(|spec| spec.sizes.get(index)));
    elements += &bar(span, height)?;
    let marked = spec.map_or(String::new(), |spec| format!("; dots: the sizes in {}", spec.name));
    let caption = format!(
        "{}, {} channels of {}x{}. Channels from the most to the least sensitive to blocks (mean logarithm over all \
         block sizes); white: no distortion{marked}.",
        layer.name, layer.shape.channels, layer.shape.height, layer.shape.width
    );
    Ok(Figure {
        name: format!("distortions-{:03}", index + 1),
        caption,
        svg: chart::overlay(&svg, &elements),
    })
}

/// Labels of the sizes and channels; plotters leaves the inside to [`image`].
fn axes<'a>(
    root: &chart::Area<'a>,
    layer: &LayerTable,
    height: u32,
) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>> {
    let (channels, sizes) = (f64::from(layer.shape.channels), layer.sizes.len());
    let every = (14 * sizes).div_ceil(height as usize).max(1);
    let area = root.margin(TOP, 0, INSET, chart::WIDTH - RIGHT);
    let mut builder = ChartBuilder::on(&area);
    builder.x_label_area_size(BELOW).y_label_area_size(LEFT - INSET);
    let mut chart = builder.build_cartesian_2d(0.0..channels, Scale::rows(sizes, every))?;
    let label = |at: &f64| layer.sizes.get(*at as usize).map_or(String::new(), ToString::to_string);
    let whole = |at: &f64| if at.fract() == 0.0 { format!("{at}") } else { String::new() };
    let mut mesh = chart.configure_mesh();
    mesh.disable_mesh().axis_style(INK.mix(0.5)).label_style(text(11)).axis_desc_style(text(14));
    mesh.x_label_formatter(&whole).y_label_formatter(&label);
    mesh.x_desc("Channels (number in the order of sensitivity)")
        .y_desc("Block size (rows x columns, pixels)")
        .draw()
}

fn frame(height: u32) -> String {
    let width = RIGHT - LEFT;
    format!(
        "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"#8a8f98\"/>\n"
    )
}

/// One dot a channel at its size, white with a dark edge.
fn dots(layer: &LayerTable, channels: &[usize], cell: u32, chosen: Option<&Vec<BlockSize>>) -> String {
    let Some(chosen) = chosen else { return String::new() };
    let step = f64::from(RIGHT - LEFT) / channels.len().max(1) as f64;
    let width = (0.55 * step.min(cell.into())).clamp(1.6, 6.0);
    let mut path = String::new();
    for (place, channel) in channels.iter().enumerate() {
        let row = chosen.get(*channel).and_then(|size| layer.sizes.iter().position(|listed| listed == size));
        if let Some(row) = row {
            let (x, y) = (
                f64::from(LEFT) + (place as f64 + 0.5) * step,
                TOP as f64 + (row as f64 + 0.5) * f64::from(cell),
            );
            path += &format!("M{x:.1} {y:.1}h.01");
        }
    }
    let line = |colour: &str, width: f64| {
        format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:.1}\" \
             stroke-linecap=\"round\"/>\n"
        )
    };
    line("#000", width + 1.8) + &line("#fff", width)
}

/// What the colours mean.
fn bar(span: Span, height: u32) -> Result<String, FigureError> {
    let (x, height) = (RIGHT + 34, height.min(260));
    let pixels: Vec<[u8; 3]> = (0..64).rev().map(|step| viridis(f64::from(step) / 63.0)).collect();
    let mut svg = image(&pixels, 1, [x, TOP, 14, height].map(f64::from))?;
    for (place, label) in span.labels() {
        let y = f64::from(TOP) + (1.0 - place) * f64::from(height);
        svg += &format!(
            "<path d=\"M{} {y:.1}h4\" stroke=\"#282c34\"/><text x=\"{}\" y=\"{:.1}\" font-family=\"sans-serif\" \
             font-size=\"11\" fill=\"#282c34\">{label}</text>\n",
            x + 14,
            x + 21,
            y + 4.0
        );
    }
    let (tx, ty) = (x - 8, TOP + height / 2);
    svg += &format!(
        "<text transform=\"rotate(-90 {tx} {ty})\" x=\"{tx}\" y=\"{ty}\" text-anchor=\"middle\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#282c34\">Distortion / output power</text>"
    );
    Ok(svg)
}
