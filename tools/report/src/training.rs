//! How trainings went: losses, accuracies and learning rates over epochs.

use plotters::prelude::*;

use super::chart::{self, GRID, INK, Scale, colour, power, text};
use super::html::{Part, Section};
use super::{Figure, FigureError, Report};
use brelu_learn::training::Row;

/// A training with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// What the user calls it.
    pub name: String,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// Values over epochs with a name; those of validations are marked.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
    validation: bool,
    colour: RGBColor,
}

/// A report of trainings alone.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn training_report(histories: &[History]) -> Result<Report, FigureError> {
    let names: Vec<&str> = histories.iter().map(|history| history.name.as_str()).collect();
    let title = format!("Training report: {}", names.join(", "));
    Report { title, sections: Vec::new() }.with_trainings(histories)
}

impl Report {
    /// The report with a section about trainings, if there are any.
    ///
    /// # Errors
    /// If a figure cannot be drawn.
    pub fn with_trainings(mut self, histories: &[History]) -> Result<Self, FigureError> {
        if !histories.is_empty() {
            self.sections.push(Section { id: "training", title: "Training", parts: parts(histories)? });
        }
        Ok(self)
    }
}

/// A table of the results and the figures.
fn parts(histories: &[History]) -> Result<Vec<Part>, FigureError> {
    let mut parts = vec![table(histories)];
    let loss = curves(histories, |row| Some(row.loss), |scores| Some(scores.loss));
    let caption = "Mean loss of the steps since the last mark (lines) and cross-entropy on the validation images \
                   (marks). The first has what smoothing of labels and a teacher add.";
    parts.extend(figure("training-loss", "Loss", caption, &loss)?);
    let accuracy = curves(
        histories,
        |row| Some(100.0 * row.accuracy),
        |scores| Some(100.0 * scores.mean_iou.unwrap_or(scores.accuracy)),
    );
    let caption = "Share of training images, as they were changed, that were classified right (lines), and of \
                   validation images (marks; mean intersection over union where every pixel is classified).";
    parts.extend(figure("training-accuracy", "Right (%)", caption, &accuracy)?);
    let rate = curves(histories, |row| Some(row.rate), |_| None);
    parts.extend(figure("training-rate", "Learning rate", "The learning rate of the last step.", &rate)?);
    Ok(parts)
}

fn table(histories: &[History]) -> Part {
    let head = ["training", "epochs", "steps", "last loss", "best validation", "at epoch"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for History { name, rows: history } in histories {
        let Some(last) = history.last() else { continue };
        let validated = history.iter().filter_map(|row| Some((row.validation?.value(), row.epoch)));
        let best = validated.fold(None, |best: Option<(f64, f64)>, (value, epoch)| match best {
            Some((most, _)) if most >= value => best,
            _ => Some((value, epoch)),
        });
        rows.push(vec![
            name.clone(),
            format!("{:.1}", last.epoch),
            last.step.to_string(),
            format!("{:.4}", last.loss),
            best.map_or("-".into(), |(value, _)| format!("{:.2} %", 100.0 * value)),
            best.map_or("-".into(), |(_, epoch)| format!("{epoch:.1}")),
        ]);
    }
    Part::Table { rows, left: 1 }
}

fn curves(
    histories: &[History],
    train: impl Fn(&Row) -> Option<f64>,
    validation: impl Fn(&brelu_learn::training::Scores) -> Option<f64>,
) -> Vec<Curve> {
    let mut curves = Vec::new();
    for (at, History { name, rows }) in histories.iter().enumerate() {
        let of = |value: &dyn Fn(&Row) -> Option<f64>| -> Vec<(f64, f64)> {
            rows.iter()
                .filter_map(|row| Some((row.epoch, value(row).filter(|value| value.is_finite())?)))
                .collect()
        };
        let (lines, marks) = (of(&train), of(&|row| validation(row.validation.as_ref()?)));
        for (points, is_validation) in [(lines, false), (marks, true)] {
            curves.push(Curve { name: name.clone(), points, validation: is_validation, colour: colour(at) });
        }
    }
    curves.retain(|curve| !curve.points.is_empty());
    curves
}

/// Losses and rates fall over orders of magnitude; shares do not.
fn figure(name: &str, what: &str, caption: &str, curves: &[Curve]) -> Result<Option<Part>, FigureError> {
    let values = || curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.1));
    let share = what.ends_with("(%)");
    let axis = if share { Some(linear(values())) } else { Scale::logarithmic(values()) };
    let Some(axis) = axis.filter(|_| !curves.is_empty()) else { return Ok(None) };
    let last = curves.iter().flat_map(|curve| &curve.points).fold(0.0f64, |last, point| last.max(point.0));
    let svg = chart::draw(400, |root| paint(root, curves, axis, last.max(1e-3), what, share))?;
    let mut entries: Vec<(RGBColor, String)> = Vec::new();
    for curve in curves {
        if !entries.iter().any(|(colour, _)| *colour == curve.colour) {
            entries.push((curve.colour, chart::shorten(&curve.name, 32)));
        }
    }
    let svg = chart::overlay(&svg, &chart::legend([96, 24], &entries));
    Ok(Some(Part::Figure(Figure { name: name.into(), caption: caption.into(), svg })))
}

/// From a little below the least share to 100 at most.
fn linear(values: impl Iterator<Item = f64>) -> Scale {
    let (low, high) = values.fold((100.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|step| (high - low) / step <= 8.0);
    let step = step.unwrap_or(20.0);
    let (from, to) = ((low / step).floor() * step, ((high / step).ceil() * step).max(low + step));
    let count = ((to - from) / step).round() as usize;
    Scale { range: from..to, ticks: (0..=count).map(|at| from + at as f64 * step).collect() }
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn paint<'a>(
    root: &chart::Area<'a>,
    curves: &[Curve],
    axis: Scale,
    last: f64,
    what: &str,
    share: bool,
) -> Drawn<'a> {
    let mut builder = ChartBuilder::on(root);
    builder.margin(14).margin_top(40).x_label_area_size(50).y_label_area_size(74);
    let mut chart = builder.build_cartesian_2d(0.0..last * 1.02, axis)?;
    let mut mesh = chart.configure_mesh();
    let plain = |value: &f64| format!("{}", (value * 10.0).round() / 10.0);
    mesh.bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(INK.mix(0.5));
    mesh.label_style(text(12)).axis_desc_style(text(14));
    mesh.y_label_formatter(if share { &plain } else { &power });
    mesh.x_desc("Epochs").y_desc(what).draw()?;
    let place =
        |(epoch, value): &(f64, f64)| (*epoch, if share { *value } else { value.max(1e-300).log10() });
    for curve in curves {
        let points: Vec<(f64, f64)> = curve.points.iter().map(place).collect();
        if curve.validation {
            chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, curve.colour.filled())))?;
            chart.draw_series(LineSeries::new(points, curve.colour.mix(0.5)))?;
        } else {
            chart.draw_series(LineSeries::new(points, curve.colour.stroke_width(2)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use brelu_learn::training::Scores;

    fn history(name: &str, epochs: u64) -> History {
        let row = |step: u64| {
            let done = step as f64 / 10.0;
            let validation = step.is_multiple_of(10).then(|| Scores {
                loss: 1.5 / (1.0 + done),
                accuracy: 0.9 - 0.5 / (1.0 + done),
                mean_iou: None,
            });
            let rate = 0.1 * (1.0 - done / (epochs as f64 + 1.0));
            let accuracy = 0.95 - 0.6 / (1.0 + done);
            Row { step, epoch: done, rate, loss: 2.0 / (1.0 + done), accuracy, validation }
        };
        History { name: name.into(), rows: (1..=10 * epochs).map(row).collect() }
    }

    #[test]
    fn curves_of_two_trainings() {
        let report = training_report(&[history("constant", 12), history("annealed <b>", 8)]).unwrap();
        let names: Vec<_> = report.figures().map(|figure| figure.name.clone()).collect();
        assert_eq!(names, ["training-loss", "training-accuracy", "training-rate"]);
        let html = report.html();
        assert!(html.contains("annealed &lt;b&gt;") && !html.contains("<b>"));
        assert!(html.contains("<td>86.15 %</td><td>12.0</td>"), "{html}");
        for figure in report.figures() {
            super::super::png(figure).unwrap();
        }
    }

    #[test]
    fn little_is_enough() {
        let mut short = history("short", 1);
        short.rows.truncate(1);
        assert_eq!(training_report(&[short]).unwrap().figures().count(), 3);
        let none = History { name: "none".into(), rows: Vec::new() };
        assert_eq!(training_report(&[none]).unwrap().figures().count(), 0);
    }
}
