use image::{GrayImage, RgbImage};

/// Brightness by ITU-R BT.601, rounded as Pillow, OpenCV and torchvision do (Pillow's 16 bits).
pub(super) fn grey(image: &RgbImage) -> GrayImage {
    GrayImage::from_raw(image.width(), image.height(), image.pixels().map(|pixel| luma(pixel.0)).collect())
        .unwrap_or_default()
}

/// Brightness of one colour.
pub(super) fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 0x8000) >> 16) as u8
}
