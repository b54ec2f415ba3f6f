use rayon::prelude::*;

use super::html::{Part, Section, page};
use super::{
    Chosen, Example, Figure, FigureError, FrontPoint, activations, front, header, heat, layers, scatter,
    sizes,
};
use brelu_budget::distortion::Table;
use brelu_budget::knapsack::Link;

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The distortions.
    pub table: &'a Table,
    /// The specs; the first is marked in the distortions' pictures.
    pub specs: &'a [Chosen],
    /// The front, if it is known.
    pub front: Option<&'a [FrontPoint]>,
    /// Activations to show.
    pub examples: &'a [Example],
    /// Links whose seconds are stated.
    pub links: &'a [Link],
}

/// A report: text, tables and figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
}

impl Report {
    /// The whole report as one HTML file.
    pub fn html(&self) -> String {
        page(&self.title, &self.sections)
    }

    /// Its figures in order, under distinct names.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.parts).flat_map(Part::figures)
    }
}

/// Draws everything. What was not given is said to be missing.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn report(inputs: &Inputs<'_>) -> Result<Report, FigureError> {
    let section = |id, title, parts| Section { id, title, parts };
    let sections = vec![
        section("network", "Network and measurement", network(inputs)),
        section("pareto", "Distortion against cost", pareto(inputs)?),
        section(
            "layers",
            "Where the budget goes",
            each_spec(inputs, |spec, number| layers::figure(spec, inputs.table, number))?,
        ),
        section("sizes", "Chosen block sizes", each_spec(inputs, sizes::figure)?),
        section("distortions", "Distortions of all channels and sizes", distortions(inputs)?),
        section("activations", "Examples of activations", examples(inputs)?),
        section("estimates", "Estimated and exact distortions", estimates(inputs)?),
        section("links", "Bytes and seconds", header::links(inputs.table, inputs.specs, inputs.links)),
    ];
    Ok(Report { title: format!("Block-ReLU report: {}", inputs.table.provenance.network), sections })
}

fn missing(text: &str) -> Vec<Part> {
    vec![Part::Text(text.into())]
}

fn network(inputs: &Inputs<'_>) -> Vec<Part> {
    let mut parts = vec![header::provenance(inputs.table)];
    if !inputs.specs.is_empty() {
        parts.push(Part::Text(
            "Specs. The distortion adds up what the table says of each channel alone.".into(),
        ));
        parts.push(header::specs(inputs.table, inputs.specs));
    }
    parts
}

fn pareto(inputs: &Inputs<'_>) -> Result<Vec<Part>, FigureError> {
    let figure = front::figure(inputs.table, inputs.specs, inputs.front)?;
    Ok(figure.map_or_else(
        || missing("Neither a front nor a spec was given."),
        |figure| vec![Part::Figure(figure)],
    ))
}

fn each_spec(
    inputs: &Inputs<'_>,
    draw: impl Fn(&Chosen, usize) -> Result<Figure, FigureError>,
) -> Result<Vec<Part>, FigureError> {
    let figures = inputs.specs.iter().zip(1..).map(|(spec, number)| draw(spec, number).map(Part::Figure));
    let parts: Vec<Part> = figures.collect::<Result<_, _>>()?;
    Ok(if parts.is_empty() { missing("No spec was given.") } else { parts })
}

fn distortions(inputs: &Inputs<'_>) -> Result<Vec<Part>, FigureError> {
    let (span, spec) = (heat::Span::of(inputs.table), inputs.specs.first());
    let layers = (0..inputs.table.layers.len()).into_par_iter();
    let figures: Vec<Figure> =
        layers.map(|index| heat::figure(inputs.table, index, span, spec)).collect::<Result<_, _>>()?;
    let text = "Relative to the mean square of the network's output, on one scale for all layers. All but the lowest \
                and highest thousandth of the values are within it.";
    let details = inputs.table.layers.iter().zip(figures).map(|(layer, figure)| {
        let shape = layer.shape;
        let summary = format!("{} ({} x {} x {})", layer.name, shape.channels, shape.height, shape.width);
        Part::Details(summary, vec![figure])
    });
    Ok(std::iter::once(Part::Text(text.into())).chain(details).collect())
}

fn examples(inputs: &Inputs<'_>) -> Result<Vec<Part>, FigureError> {
    let figures = inputs.examples.iter().zip(1..);
    let parts: Vec<Part> = figures
        .map(|(example, number)| activations::figure(example, number).map(Part::Figure))
        .collect::<Result<_, _>>()?;
    let none = "None: they need a spec with blocks, the network and an image (--model and --data).";
    Ok(if parts.is_empty() { missing(none) } else { parts })
}

fn estimates(inputs: &Inputs<'_>) -> Result<Vec<Part>, FigureError> {
    let none = "The table does not have both estimated and exact distortions.";
    Ok(scatter::figure(inputs.table)?.map_or_else(|| missing(none), |figure| vec![Part::Figure(figure)]))
}
