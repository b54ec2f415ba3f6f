//! Distortion against cost.

use plotters::prelude::*;

use super::chart::{self, GRID, INK, Scale, colour, power, text};
use super::chosen::full_decisions;
use super::{Chosen, Figure, FigureError};
use brelu_budget::distortion::Table;
use brelu_networks::blocks::CostUnit;

/// A point of the front: no known choice costs less and changes the output less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontPoint {
    /// Cost in the unit of the search.
    pub cost: f64,
    /// Cost as a share of one decision a pixel.
    pub share: f64,
    /// Sum of the channels' distortions.
    pub distortion: f64,
    /// Sign decisions.
    pub drelus: f64,
    /// Bytes of all parties, both phases, of the activation layers.
    pub bytes: f64,
    /// What the cost is counted in.
    pub unit: CostUnit,
}

const UNIT: &str = "unit";
const COLUMNS: [&str; 5] = ["cost", "share", "distortion", "drelus", "bytes"];

/// Reads a CSV with a line of names and the columns cost, share, distortion, drelus, bytes and unit, in any order.
///
/// # Errors
/// Names the first line that is wrong.
pub fn parse_front(csv: &str) -> Result<Vec<FrontPoint>, FigureError> {
    let mut lines = csv.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, head) =
        lines.next().ok_or_else(|| FigureError::Front { line: 1, problem: "the file is empty".into() })?;
    let names: Vec<&str> = head.split(',').map(str::trim).collect();
    let place = |column: &str| {
        let found = names.iter().position(|name| *name == column);
        let problem = || format!("there is no column {column}: write it anew with brelu knapsack --front");
        found.ok_or_else(|| FigureError::Front { line: 1, problem: problem() })
    };
    let mut places = [0; COLUMNS.len()];
    for (at, column) in places.iter_mut().zip(COLUMNS) {
        *at = place(column)?;
    }
    let unit = place(UNIT)?;
    lines
        .map(|(at, line)| {
            point(line, places, unit).map_err(|problem| FigureError::Front { line: at + 1, problem })
        })
        .collect()
}

fn point(line: &str, places: [usize; COLUMNS.len()], unit: usize) -> Result<FrontPoint, String> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let mut values = [0.0; COLUMNS.len()];
    for ((value, place), column) in values.iter_mut().zip(places).zip(COLUMNS) {
        let number = cells.get(place).and_then(|cell| cell.parse::<f64>().ok());
        *value = number
            .filter(|number| number.is_finite() && *number >= 0.0)
            .ok_or_else(|| format!("the {column} is no number of at least 0"))?;
    }
    let [cost, share, distortion, drelus, bytes] = values;
    let given = cells.get(unit).copied().unwrap_or_default();
    let unit = CostUnit::ALL.into_iter().find(|unit| unit.name() == given);
    let unit = unit.ok_or_else(|| format!("the unit {given:?} is none of drelus, bytes and seconds"))?;
    Ok(FrontPoint { cost, share, distortion, drelus, bytes, unit })
}

/// What all costs of a figure are counted in: that of the front; without one that of the specs, if they have the same, else
/// sign decisions.
fn common_unit(specs: &[Chosen], front: &[FrontPoint]) -> CostUnit {
    let mut units = specs.iter().filter_map(|spec| Some(spec.origin.as_ref()?.cost_unit));
    let first = front.first().map(|point| point.unit).or_else(|| units.clone().next());
    let mixed = front.is_empty() && units.any(|unit| Some(unit) != first);
    first.filter(|_| !mixed).unwrap_or(CostUnit::Drelus)
}

/// A spec as a point: its name, its share of the cost in this unit in percent, and its distortion. Nothing if it was chosen by
/// another unit and the table does not tell its cost in this one.
fn spec_point<'a>(spec: &'a Chosen, table: &Table, unit: CostUnit) -> Option<(&'a str, f64, f64)> {
    let share = match &spec.origin {
        Some(origin) if origin.baseline > 0.0 && origin.cost_unit == unit => origin.cost / origin.baseline,
        _ if unit == CostUnit::Drelus => spec.decisions(table) as f64 / full_decisions(table).max(1) as f64,
        _ => return None,
    };
    let distortion =
        spec.origin.as_ref().map(|origin| origin.distortion).or_else(|| spec.distortion(table))?;
    (distortion > 0.0 && share.is_finite()).then_some((spec.name.as_str(), share * 100.0, distortion))
}

/// Distortions are drawn down to this part of the front's largest: close to 100 % they fall to rounding errors.
const SHOWN: f64 = 1e6;

/// The front as a line and the specs as named points; nothing if there is neither.
pub(super) fn figure(
    table: &Table,
    specs: &[Chosen],
    front: Option<&[FrontPoint]>,
) -> Result<Option<Figure>, FigureError> {
    let front = front.unwrap_or_default();
    let largest = front.iter().map(|point| point.distortion).fold(0.0, f64::max);
    let shown = front.iter().filter(|point| point.distortion > largest / SHOWN);
    let mut line: Vec<(f64, f64)> =
        shown.map(|point| (point.share * 100.0, point.distortion.log10())).collect();
    line.sort_by(|a, b| a.0.total_cmp(&b.0));
    let unit = common_unit(specs, front);
    let points: Vec<_> = specs.iter().filter_map(|spec| spec_point(spec, table, unit)).collect();
    let other: Vec<&str> = specs
        .iter()
        .filter(|spec| spec_point(spec, table, unit).is_none())
        .map(|spec| spec.name.as_str())
        .collect();
    let line_values = line.iter().map(|(_, log)| 10f64.powf(*log));
    let Some(axis) = Scale::logarithmic(line_values.chain(points.iter().map(|point| point.2))) else {
        return Ok(None);
    };
    let shares = line.iter().map(|(share, _)| *share).chain(points.iter().map(|point| point.1));
    let most = shares.fold(0.0, f64::max).max(1e-3) * 1.08;
    let words = match unit {
        CostUnit::Drelus => "Sign decisions",
        CostUnit::Bytes => "Bytes of the activation layers",
        CostUnit::Seconds => "Seconds of the activation layers",
    };
    let svg = chart::draw(440, |root| paint(root, &line, &points, axis, most, words))?;
    let mut caption =
        "The least distortion that was found for every cost, both as estimated for one channel at a time \
                       and added up; named points are the given specs. The output does not change at 100 %."
            .to_owned();
    if !other.is_empty() {
        caption +=
            &format!(" Chosen by costs of another unit, and therefore not drawn: {}.", other.join(", "));
    }
    Ok(Some(Figure { name: "front".into(), caption, svg }))
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn paint<'a>(
    root: &chart::Area<'a>,
    line: &[(f64, f64)],
    points: &[(&str, f64, f64)],
    axis: Scale,
    most: f64,
    unit: &str,
) -> Drawn<'a> {
    let mut builder = ChartBuilder::on(root);
    builder.margin(14).x_label_area_size(50).y_label_area_size(74);
    let mut chart = builder.build_cartesian_2d(0.0..most, axis)?;
    let mut mesh = chart.configure_mesh();
    mesh.bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(INK.mix(0.5));
    mesh.label_style(text(12)).axis_desc_style(text(14)).y_label_formatter(&power);
    mesh.x_label_formatter(&|share| format!("{share}"));
    mesh.x_desc(format!("{unit} (% of the network with one decision a pixel)"));
    mesh.y_desc("Distortion (mean squared change of an output)").draw()?;
    chart.draw_series(LineSeries::new(line.iter().copied(), colour(0).stroke_width(2)))?;
    if line.len() <= 60 {
        chart.draw_series(line.iter().map(|point| Circle::new(*point, 3, colour(0).filled())))?;
    }
    for (name, share, distortion) in points {
        let (at, place) = ((*share, distortion.log10()), if *share > 0.7 * most { -1 } else { 1 });
        let name = chart::shorten(name, 32);
        let left = if place < 0 { -12 - (name.chars().count() as f64 * 7.0) as i32 } else { 10 };
        chart.draw_series(std::iter::once(
            EmptyElement::at(at)
                + Circle::new((0, 0), 6, colour(1).filled())
                + Text::new(name, (left, -16), text(13)),
        ))?;
    }
    Ok(())
}
