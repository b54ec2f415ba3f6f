use brelu_core::geometry::Shape;

use crate::{Item, Target};
use brelu_networks::numbers::Random;

/// Rows and columns of a picture.
pub const SIDE: u32 = 32;

/// Names of the classes.
pub const CLASSES: [&str; 9] = [
    "red disc",
    "red square",
    "red cross",
    "green disc",
    "green square",
    "green cross",
    "blue disc",
    "blue square",
    "blue cross",
];

/// Picture `index` of the collection `seed`: a coloured shape on noise, the classes in turn.
pub fn picture(seed: u64, index: usize) -> Item {
    let class = index % CLASSES.len();
    let mut random = Random::new(seed ^ (index as u64).wrapping_mul(0x5851_f42d_4c95_7f2d));
    let radius = random.uniform(7.0, 11.0);
    let room = SIDE as f32 / 2.0 - radius;
    let centre = [0, 1].map(|_| SIDE as f32 / 2.0 + random.uniform(-room, room));
    let (bright, dark) = (random.uniform(170.0, 250.0), random.uniform(0.0, 60.0));
    let mut pixels = Vec::with_capacity(3 * (SIDE * SIDE) as usize);
    for channel in 0..3 {
        let colour = if channel == class / 3 { bright } else { dark };
        for row in 0..SIDE {
            for column in 0..SIDE {
                let offset = [row as f32 - centre[0], column as f32 - centre[1]];
                let base = if covers(class % 3, offset, radius) { colour } else { 110.0 };
                pixels.push((base + 12.0 * random.normal()).clamp(0.0, 255.0) as u8);
            }
        }
    }
    Item { name: format!("picture {index}"), pixels, target: Target::Class(class) }
}

fn covers(kind: usize, [y, x]: [f32; 2], radius: f32) -> bool {
    match kind {
        0 => y * y + x * x <= radius * radius,
        1 => y.abs().max(x.abs()) <= 0.85 * radius,
        _ => y.abs().min(x.abs()) <= 0.25 * radius && y.abs().max(x.abs()) <= radius,
    }
}

/// Pixels of any shape that look a little like a picture: smooth patches and noise. For costs, not for accuracy.
pub fn pixels(shape: Shape, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut pixels = Vec::with_capacity(shape.len());
    for _ in 0..shape.channels {
        let waves: [[f32; 3]; 4] = std::array::from_fn(|_| {
            [random.uniform(0.0, 12.0), random.uniform(0.0, 12.0), random.uniform(0.0, 6.3)]
        });
        let level = random.uniform(90.0, 160.0);
        for row in 0..shape.height {
            for column in 0..shape.width {
                let (y, x) = (row as f32 / shape.height as f32, column as f32 / shape.width as f32);
                let sum: f32 = waves.iter().map(|[a, b, phase]| (a * y + b * x + phase).sin()).sum();
                pixels.push((level + 28.0 * sum + 8.0 * random.normal()).clamp(0.0, 255.0) as u8);
            }
        }
    }
    pixels
}
