//! The four tasks of arXiv 2304.10442, from weights and a data set to private inferences, as scripts for a shell.

mod script;

#[cfg(test)]
mod tests;

pub use script::{Choice, script};

/// A network for a data set, and how it is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// What users call it.
    pub name: &'static str,
    /// Network and data set.
    pub about: &'static str,
    /// The network, a name of [`brelu_networks::zoo`].
    pub network: &'static str,
    /// What the data folder holds.
    pub layout: &'static str,
    /// Images to learn and to validate on, below the data folder.
    pub data: [&'static str; 2],
    /// How pictures become inputs.
    preprocessing: &'static str,
    /// Images that distortions are measured on.
    samples: usize,
    /// Recipe of the network with every ReLU if there are no published weights.
    scratch: Option<&'static str>,
    /// Recipe after max-pooling became average pooling.
    pool: Option<&'static str>,
    /// Recipe with blocks.
    blocks: &'static str,
}

/// In the order of the paper.
pub const TASKS: [Task; 4] = [
    Task {
        name: "cifar100-resnet18",
        about: "ResNet-18 for 32x32 pictures, CIFAR-100",
        network: "resnet18-cifar",
        layout: "train.bin and test.bin of the binary version",
        data: ["train.bin", "test.bin"],
        preprocessing: "--mean .5071 .4865 .4409 --std .2673 .2564 .2762",
        samples: 2048,
        scratch: Some("cifar-baseline"),
        pool: None,
        blocks: "cifar-block",
    },
    Task {
        name: "imagenet-resnet50",
        about: "ResNet-50, ImageNet",
        network: "resnet50-maxpool",
        layout: "train and val, with a folder a class",
        data: ["train", "val"],
        preprocessing: "--fit short-side:256 --mean .485 .456 .406 --std .229 .224 .225",
        samples: 512,
        scratch: None,
        pool: Some("imagenet-pool"),
        blocks: "imagenet-block",
    },
    Task {
        name: "ade20k-mobilenetv2",
        about: "DeepLabV3 on MobileNetV2 at 512x512, ADE20K",
        network: "deeplabv3-mobilenetv2",
        layout: "images and annotations of ADEChallengeData2016",
        data: [":training", ":validation"],
        preprocessing: "--fit stretch --mean .485 .456 .406 --std .229 .224 .225",
        samples: 48,
        scratch: None,
        pool: None,
        blocks: "ade-block",
    },
    Task {
        name: "voc-resnet50",
        about: "DeepLabV3 on ResNet-50 at 512x512, Pascal VOC 2012",
        network: "deeplabv3-resnet50-maxpool",
        layout: "JPEGImages, SegmentationClass and ImageSets of VOC2012",
        data: [":train", ":val"],
        preprocessing: "--fit stretch --mean .485 .456 .406 --std .229 .224 .225",
        samples: 30,
        scratch: None,
        pool: Some("voc-pool"),
        blocks: "voc-block",
    },
];
