//! Activation layers of the networks of arXiv 2304.10442, table 1.

use brelu_core::geometry::Shape;

/// The networks, by the task they are for.
pub const NETWORKS: [&str; 4] = ["resnet20", "imagenet", "ade20k", "voc"];

/// Shapes of the activation layers of a network in [`NETWORKS`], or `None`.
///
/// - `resnet20`: ResNet-20 on 32x32, 688 channels;
/// - `imagenet`: ResNet-50 on 224x224, 49 layers, 22,720 channels, 9,608,704 pixels;
/// - `ade20k`: MobileNetV2 of output stride 8 with DeepLabV3 on 512x512, 40, 17,344 and 85,262,848;
/// - `voc`: ResNet-50-V1c of output stride 8 with DeepLabV3 on 512x512, 57, 25,856 and 127,402,496.
pub fn layers(network: &str) -> Option<Vec<Shape>> {
    match network {
        "resnet20" => Some(resnet20()),
        "imagenet" => Some(imagenet()),
        "ade20k" => Some(ade20k()),
        "voc" => Some(voc()),
        _ => None,
    }
}

const fn square(channels: u32, side: u32) -> Shape {
    Shape::new(channels, side, side)
}

fn resnet20() -> Vec<Shape> {
    let stage = |(channels, side)| std::iter::repeat_n(square(channels, side), 6);
    let stages = [(16, 32), (32, 16), (64, 8)];
    std::iter::once(square(16, 32)).chain(stages.into_iter().flat_map(stage)).collect()
}

fn imagenet() -> Vec<Shape> {
    let mut layers = vec![square(64, 112)];
    bottlenecks(&mut layers, 56, [1, 2, 2, 2]);
    layers
}

fn voc() -> Vec<Shape> {
    let mut layers = vec![square(32, 256), square(32, 256), square(64, 256)];
    bottlenecks(&mut layers, 128, [1, 2, 1, 1]);
    pyramid(&mut layers);
    layers
}

/// The four stages of ResNet-50; a stage's stride is that of the 3x3 convolution of its first block.
fn bottlenecks(layers: &mut Vec<Shape>, side: u32, strides: [u32; 4]) {
    let mut side = side;
    for ((width, blocks), stride) in [(64, 3), (128, 4), (256, 6), (512, 3)].into_iter().zip(strides) {
        for block in 0..blocks {
            layers.push(square(width, side));
            side /= if block == 0 { stride } else { 1 };
            layers.extend([square(width, side), square(4 * width, side)]);
        }
    }
}

/// Expansion, output channels, blocks and stride of the stages of MobileNetV2; strides beyond 8 are dilations.
const INVERTED: [(u32, u32, u32, u32); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 1),
    (6, 96, 3, 1),
    (6, 160, 3, 1),
    (6, 320, 1, 1),
];

fn ade20k() -> Vec<Shape> {
    let (mut layers, mut channels, mut side) = (vec![square(32, 256)], 32, 256);
    for (expansion, out, blocks, stride) in INVERTED {
        for block in 0..blocks {
            let wide = channels * expansion;
            if expansion > 1 {
                layers.push(square(wide, side));
            }
            side /= if block == 0 { stride } else { 1 };
            layers.push(square(wide, side));
            channels = out;
        }
    }
    pyramid(&mut layers);
    layers
}

/// Atrous spatial pyramid pooling: the pooled branch, four others, and the layer that joins them.
fn pyramid(layers: &mut Vec<Shape>) {
    layers.push(square(512, 1));
    layers.extend([square(512, 64); 5]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_the_published_counts() {
        let counts = |network| {
            let layers = layers(network).unwrap();
            let channels: u32 = layers.iter().map(|shape| shape.channels).sum();
            (layers.len(), channels, layers.iter().map(Shape::len).sum::<usize>())
        };
        assert_eq!(counts("resnet20"), (19, 688, 188_416));
        assert_eq!(counts("imagenet"), (49, 22_720, 9_608_704));
        assert_eq!(counts("ade20k"), (40, 17_344, 85_262_848));
        assert_eq!(counts("voc"), (57, 25_856, 127_402_496));
    }
}
