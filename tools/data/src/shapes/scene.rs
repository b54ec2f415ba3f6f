//! What is in a picture: a background, pieces and lines behind the shape, the shape, and at times one before it.

use image::RgbImage;

use super::canvas::{Canvas, Placed};
use super::outline::Outline;
use super::paint::Paint;
use super::{CLASSES, SIDE};
use brelu_networks::numbers::Random;

/// Least difference of the colours of shape and background.
const CONTRAST: f32 = 170.0;

const HALF: f32 = SIDE as f32 / 2.0;

/// A picture of class `class`.
pub(super) fn picture(class: usize, random: &mut Random) -> RgbImage {
    let (ground, paint) = paints(random);
    let mut canvas = Canvas::new(&ground);
    for _ in 0..2 + random.below(3) {
        piece(&mut canvas, random, HALF);
    }
    for _ in 0..random.below(3) {
        line(&mut canvas, random, HALF);
    }
    let shape = main(class, random);
    canvas.fill(&shape, &paint);
    if random.below(2) == 0 {
        piece(&mut canvas, random, 11.0);
    }
    if random.below(3) == 0 {
        line(&mut canvas, random, 9.0);
    }
    canvas.finish(random)
}

/// Two paints of one distribution that can be told apart.
fn paints(random: &mut Random) -> (Paint, Paint) {
    loop {
        let pair = (Paint::new(random), Paint::new(random));
        if pair.0.contrast(&pair.1) >= CONTRAST {
            return pair;
        }
    }
}

fn main(class: usize, random: &mut Random) -> Placed {
    let radius = random.uniform(8.0, 12.5);
    let room = HALF + 1.0 - radius;
    Placed {
        outline: Outline::new(class, random),
        centre: [0; 2].map(|_| random.uniform(-room, room)),
        turn: random.direction(),
        scale: [radius * random.uniform(0.78, 1.0), radius * random.uniform(0.78, 1.0)],
    }
}

/// A small shape of any class, up to `room` pixels from the centre.
fn piece(canvas: &mut Canvas, random: &mut Random, room: f32) {
    let radius = random.uniform(1.2, 3.0);
    let class = random.below(CLASSES.len());
    let placed = Placed {
        outline: Outline::new(class, random),
        centre: [0; 2].map(|_| random.uniform(-room, room)),
        turn: random.direction(),
        scale: [radius; 2],
    };
    canvas.fill(&placed, &Paint::new(random));
}

fn line(canvas: &mut Canvas, random: &mut Random, room: f32) {
    let centre = [0; 2].map(|_| random.uniform(-room, room));
    let (direction, half) = (random.direction(), random.uniform(0.2, 0.8));
    canvas.line(centre, direction, half, &Paint::new(random));
}
