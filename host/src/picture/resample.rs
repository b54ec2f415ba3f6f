//! Bilinear resizing to the pixel as Pillow does it, which torchvision's `Resize` is on pictures: weights over the area a new
//! pixel covers, rounded to 22 bits, columns before rows with bytes in between. Other libraries round elsewhere, and
//! networks see the difference; so this one is our own.

/// Fraction bits of weights.
const BITS: u32 = 22;

/// What a new pixel is made of: old ones from `first` on.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

/// The windows of `to` new pixels on `from` old ones.
fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let support = scale.max(1.0);
    let window = |at: usize| {
        let center = (at as f64 + 0.5) * scale;
        // Conversions to whole numbers cut off, and end at zero.
        let first = (center - support + 0.5) as usize;
        let end = ((center + support + 0.5) as usize).min(from);
        let triangle = |x: usize| (1.0 - ((x as f64 - center + 0.5) * (1.0 / support)).abs()).max(0.0);
        let weights: Vec<f64> = (first..end).map(triangle).collect();
        let sum: f64 = weights.iter().sum();
        let rounded = |weight: &f64| (0.5 + weight / sum * f64::from(1 << BITS)) as i32;
        Window { first, weights: weights.iter().map(rounded).collect() }
    };
    (0..to).map(window).collect()
}

fn byte(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

/// Pixels of `channels` bytes in rows, resized from `from` columns and rows to `to`. No size is zero.
pub(super) fn resize(pixels: &[u8], channels: usize, from: [u32; 2], to: [u32; 2]) -> Vec<u8> {
    let ([columns, rows], [new_columns, new_rows]) =
        (from.map(|side| side as usize), to.map(|side| side as usize));
    let wide = match columns == new_columns {
        true => pixels.to_vec(),
        false => across(pixels, channels, columns, new_columns),
    };
    match rows == new_rows {
        true => wide,
        false => down(&wide, channels * new_columns, rows, new_rows),
    }
}

fn across(pixels: &[u8], channels: usize, from: usize, to: usize) -> Vec<u8> {
    let windows = windows(from, to);
    let mut out = Vec::with_capacity(pixels.len() / from * to);
    for row in pixels.chunks_exact(channels * from) {
        for Window { first, weights } in &windows {
            for channel in 0..channels {
                let old = row[channels * first + channel..].iter().step_by(channels);
                let sum: i32 = old.zip(weights).map(|(old, weight)| i32::from(*old) * weight).sum();
                out.push(byte(sum + (1 << (BITS - 1))));
            }
        }
    }
    out
}

fn down(pixels: &[u8], row: usize, from: usize, to: usize) -> Vec<u8> {
    let (mut out, mut sums) = (Vec::with_capacity(row * to), vec![0i32; row]);
    for Window { first, weights } in windows(from, to) {
        sums.fill(1 << (BITS - 1));
        for (old, weight) in pixels[first * row..].chunks_exact(row).zip(weights) {
            sums.iter_mut().zip(old).for_each(|(sum, old)| *sum += i32::from(*old) * weight);
        }
        out.extend(sums.iter().map(|sum| byte(*sum)));
    }
    out
}
