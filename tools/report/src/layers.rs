//! Where the budget goes: sign decisions and kinds of channels, layer by layer.

use plotters::prelude::*;

use super::chart::{self, Area, GRID, INK, Scale, colour, legend, power, text};
use super::{Chosen, Figure, FigureError};
use brelu_budget::distortion::Table;
use brelu_networks::blocks::BlockSize;
use brelu_networks::numbers::percent;

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

/// Height of the legend above the bars.
const HEAD: u32 = 30;
/// Width of the left half, which has the names.
const LEFT: u32 = 560;

/// One layer: its name, decisions of the spec and of one a pixel, channels by kind.
struct Bar {
    name: String,
    chosen: u64,
    full: u64,
    kinds: [u64; 4],
}

const KINDS: [(&str, RGBColor); 4] = [
    ("identity", RGBColor(230, 159, 0)),
    ("zero", RGBColor(150, 155, 163)),
    ("blocks", RGBColor(0, 114, 178)),
    ("1x1", RGBColor(213, 94, 0)),
];

fn bar(spec: &Chosen, table: &Table, index: usize) -> Bar {
    let layer = &table.layers[index];
    let mut kinds = [0; 4];
    for size in &spec.sizes[index] {
        kinds[match *size {
            BlockSize::IDENTITY => 0,
            BlockSize::ZERO => 1,
            BlockSize::RELU => 3,
            _ => 2,
        }] += 1;
    }
    let chosen = spec.layer_decisions(table, index);
    Bar { name: chart::shorten(&layer.name, 26), chosen, full: layer.shape.len() as u64, kinds }
}

/// Decisions of every layer beside those of one a pixel, and its channels by kind.
pub(super) fn figure(spec: &Chosen, table: &Table, number: usize) -> Result<Figure, FigureError> {
    let bars: Vec<Bar> = (0..table.layers.len()).map(|index| bar(spec, table, index)).collect();
    let height = HEAD + 70 + 21 * bars.len() as u32;
    let svg = chart::draw(height, |root| {
        let (_, below) = root.split_vertically(HEAD);
        let (left, right) = below.split_horizontally(LEFT);
        decisions(&left, &bars)?;
        kinds(&right, &bars)
    })?;
    let light = RGBColor(191, 215, 234);
    let mut words = legend([196, 18], &[(light, "one a pixel".into()), (colour(0), "in the spec".into())]);
    words += &legend([LEFT + 6, 18], &KINDS.map(|(name, colour)| (colour, name.to_owned())));
    let caption = format!(
        "Left: sign decisions (DReLUs) of every activation layer in {}, and the share that is left of one a pixel. \
         Right: what its channels do.",
        spec.name
    );
    Ok(Figure { name: format!("layers-{number}"), caption, svg: chart::overlay(&svg, &words) })
}

fn decisions<'a>(area: &Area<'a>, bars: &[Bar]) -> Drawn<'a> {
    let numbers = bars.iter().flat_map(|bar| [bar.chosen as f64, bar.full as f64]);
    let axis = Scale::logarithmic(numbers).unwrap_or(Scale { range: 0.0..1.0, ticks: vec![0.0, 1.0] });
    let from = (axis.range.start - 0.2).max(-0.3);
    let to = axis.range.end + 0.13 * (axis.range.end - from);
    let ticks = axis.ticks.into_iter().filter(|tick| *tick >= from).collect();
    let mut builder = ChartBuilder::on(area);
    builder.margin(6).x_label_area_size(48).y_label_area_size(186);
    let mut chart =
        builder.build_cartesian_2d(Scale { range: from..to, ticks }, Scale::rows(bars.len(), 1))?;
    let name = |at: &f64| bars.get(*at as usize).map_or(String::new(), |bar| bar.name.clone());
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(INK.mix(0.5));
    mesh.label_style(text(12)).axis_desc_style(text(14)).x_label_formatter(&power).y_label_formatter(&name);
    mesh.x_desc("Sign decisions an image").draw()?;
    for (row, bar) in bars.iter().enumerate() {
        let (top, log) = (row as f64, |number: u64| (number.max(1) as f64).log10().max(from));
        let rectangle = |end: f64, colour: RGBColor| {
            Rectangle::new([(from, top + 0.14), (end, top + 0.86)], colour.filled())
        };
        chart.draw_series([rectangle(log(bar.full), RGBColor(191, 215, 234))])?;
        if bar.chosen > 0 {
            chart.draw_series([rectangle(log(bar.chosen), colour(0))])?;
        }
        let words = percent(bar.chosen as f64 / bar.full.max(1) as f64);
        let place = EmptyElement::at((log(bar.full), top + 0.5));
        chart.draw_series(std::iter::once(place + Text::new(words, (5, -6), text(11))))?;
    }
    Ok(())
}

fn kinds<'a>(area: &Area<'a>, bars: &[Bar]) -> Drawn<'a> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(6).margin_right(16).x_label_area_size(48).y_label_area_size(6);
    let ticks = vec![0.0, 25.0, 50.0, 75.0, 100.0];
    let mut chart =
        builder.build_cartesian_2d(Scale { range: 0.0..100.0, ticks }, Scale::rows(bars.len(), 1))?;
    let (nothing, whole) = (|_: &f64| String::new(), |value: &f64| format!("{value:.0}"));
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(INK.mix(0.5));
    mesh.label_style(text(12))
        .axis_desc_style(text(14))
        .y_label_formatter(&nothing)
        .x_label_formatter(&whole);
    mesh.x_desc("Channels (%)").draw()?;
    for (row, bar) in bars.iter().enumerate() {
        let (top, all) = (row as f64, bar.kinds.iter().sum::<u64>().max(1) as f64);
        let mut from = 0.0;
        for (number, (_, colour)) in bar.kinds.into_iter().zip(KINDS).filter(|(number, _)| *number > 0) {
            let (begin, share) = (from, number as f64 / all * 100.0);
            from += share;
            chart
                .draw_series([Rectangle::new([(begin, top + 0.14), (from, top + 0.86)], colour.filled())])?;
            let words = number.to_string();
            if share > 4.0 + 3.0 * words.len() as f64 {
                let place = EmptyElement::at((begin, top + 0.5));
                chart.draw_series(std::iter::once(
                    place + Text::new(words, (4, -6), text(11).color(&WHITE)),
                ))?;
            }
        }
    }
    Ok(())
}
