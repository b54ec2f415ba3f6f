//! Maps of activations with their blocks drawn on them.

use super::chart::{WIDTH, escape, shorten};
use super::raster::image;
use super::{Example, Figure, FigureError};

/// Sides of one of three panels, in pixels: the most.
const SIDE: f64 = 276.0;
const TOP: f64 = 44.0;

/// One example: before the activation with its blocks, after one decision a pixel, after one a block.
pub(super) fn figure(example: &Example, number: usize) -> Result<Figure, FigureError> {
    let (rows, columns) = (f64::from(example.shape.height), f64::from(example.shape.width));
    let scale = SIDE / rows.max(columns).max(1.0);
    let (width, height) = (columns * scale, rows * scale);
    let most = example.before.iter().fold(0f32, |most, value| most.max(value.abs())).max(1e-6);
    let passes = example.passes();
    let panels = [
        ("before, with its blocks", grey(&example.before, most, Some(&passes))),
        ("after one decision a pixel", grey(&example.relu(), most, None)),
        ("after one decision a block", grey(&example.after(), most, None)),
    ];
    let total = TOP + height + 46.0;
    let mut svg = format!(
        "<svg width=\"{WIDTH}\" height=\"{total:.0}\" viewBox=\"0 0 {WIDTH} {total:.0}\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let title =
        format!("{}, channel {}: blocks of {}", shorten(&example.layer, 60), example.channel, example.size);
    svg += &words(12.0, 16.0, 14, &title);
    for (panel, (name, pixels)) in panels.iter().enumerate() {
        let x = 12.0 + panel as f64 * (SIDE + 22.0);
        svg += &words(x, TOP - 8.0, 12, name);
        svg += &image(pixels, example.shape.width as usize, [x, TOP, width, height])?;
        if panel == 0 {
            svg += &grid(example, [x, TOP], scale);
        }
    }
    svg += &words(12.0, TOP + height + 20.0, 12, &scale_words(example, most));
    svg += "</svg>\n";
    let caption = "A block passes, tinted green, if its mean is positive; all its pixels are kept then, and replaced \
                   by zero otherwise.";
    Ok(Figure { name: format!("activation-{number}"), caption: caption.into(), svg })
}

fn scale_words(example: &Example, most: f32) -> String {
    let [height, width] = [example.shape.height, example.shape.width];
    format!(
        "{height} x {width} pixels; black is {:.2}, mid-grey 0, white {most:.2} (units of the activation)",
        -most
    )
}

fn words(x: f64, y: f64, size: u32, text: &str) -> String {
    format!(
        "<text x=\"{x:.0}\" y=\"{y:.0}\" font-family=\"sans-serif\" font-size=\"{size}\" fill=\"#282c34\">{}</text>\n",
        escape(text)
    )
}

/// Values from `-most` to `most` as grey, with a tint where blocks pass.
fn grey(values: &[f32], most: f32, passes: Option<&[bool]>) -> Vec<[u8; 3]> {
    let pixel = |(at, value): (usize, &f32)| {
        let grey = ((value / most).clamp(-1.0, 1.0) * 127.0 + 128.0) as u8;
        let passes = passes.is_some_and(|passes| passes.get(at).copied().unwrap_or(false));
        let mix = |colour: u16, weight: u16| ((u16::from(grey) * (10 - weight) + colour * weight) / 10) as u8;
        if passes { [mix(0, 4), mix(200, 4), mix(120, 4)] } else { [grey; 3] }
    };
    values.iter().enumerate().map(pixel).collect()
}

/// The edges of all blocks, unless they are so small that nothing else would be seen.
fn grid(example: &Example, [x, y]: [f64; 2], scale: f64) -> String {
    let (rows, columns) = (example.shape.height, example.shape.width);
    let (width, height) = (f64::from(columns) * scale, f64::from(rows) * scale);
    let mut path = String::new();
    let edges = |size: u16, most: u32| {
        let visible = f64::from(size) * scale >= 3.0;
        (0..=most)
            .step_by(usize::from(size).max(1))
            .filter(move |_| visible)
            .map(move |at| f64::from(at) * scale)
    };
    for edge in edges(example.size.height, rows) {
        path += &format!("M{x:.1} {:.1}h{width:.1}", y + edge);
    }
    for edge in edges(example.size.width, columns) {
        path += &format!("M{:.1} {y:.1}v{height:.1}", x + edge);
    }
    format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"#d55e00\" stroke-opacity=\"0.75\" stroke-width=\"0.8\"/>\n"
    )
}
