//! From torchvision's names of tensors to those of OpenMMLab.

use brelu_networks::zoo::MOBILENET_STAGES as STAGES;

/// The number of MobileNetV2's last convolution among its features.
const LAST: usize = 18;

/// OpenMMLab's name of a tensor; names that torchvision does not have stay, with the part of the network they would
/// belong to.
pub(super) fn published(name: &str) -> String {
    if let Some(rest) = name.strip_prefix("features.") {
        return format!("backbone.{}", feature(rest).unwrap_or_else(|| name.to_owned()));
    }
    if let Some(role) = name.strip_prefix("classifier.1.") {
        return format!("head.fc.{role}");
    }
    // ResNets have the same names without the part.
    let part = if name.starts_with("fc.") { "head" } else { "backbone" };
    format!("{part}.{name}")
}

/// A tensor of MobileNetV2's features: their number, the place within, what it is.
fn feature(rest: &str) -> Option<String> {
    let (number, rest) = rest.split_once('.')?;
    let (place, role) = rest.rsplit_once('.')?;
    match number.parse().ok()? {
        0 => Some(format!("conv1.{}.{role}", layer(place)?)),
        LAST => Some(format!("conv2.{}.{role}", layer(place)?)),
        number => {
            let (stage, block) = stage(number - 1)?;
            Some(format!("layer{stage}.{block}.conv.{}.{role}", within(place, number == 1)?))
        }
    }
}

/// Stage (from 1) and place in it (from 0) of a block (from 0).
fn stage(block: usize) -> Option<(usize, usize)> {
    let mut before = 0;
    STAGES.iter().enumerate().find_map(|(stage, (_, _, blocks))| {
        let place = block - before;
        before += blocks;
        (place < *blocks).then_some((stage + 1, place))
    })
}

/// A layer of a block: pairs of convolution and normalisation, but the last two are not in a pair. The `narrow` block has
/// two convolutions, others three.
fn within(place: &str, narrow: bool) -> Option<String> {
    let (place, last): (&str, usize) = (place.strip_prefix("conv.")?, if narrow { 1 } else { 2 });
    let (number, of_pair) = place.split_once('.').map_or((place, None), |(number, of)| (number, Some(of)));
    let number: usize = number.parse().ok()?;
    match of_pair {
        Some(of_pair) if number < last => Some(format!("{number}.{}", layer(of_pair)?)),
        Some(_) => None,
        None => Some(format!("{last}.{}", layer(&number.checked_sub(last)?.to_string())?)),
    }
}

/// The two layers of a pair.
fn layer(number: &str) -> Option<&'static str> {
    match number {
        "0" => Some("conv"),
        "1" => Some("bn"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::published;

    #[test]
    fn names_of_torchvision_become_those_of_openmmlab() {
        for (given, wanted) in [
            ("conv1.weight", "backbone.conv1.weight"),
            ("layer2.0.downsample.1.running_var", "backbone.layer2.0.downsample.1.running_var"),
            ("fc.bias", "head.fc.bias"),
            ("features.0.0.weight", "backbone.conv1.conv.weight"),
            ("features.0.1.bias", "backbone.conv1.bn.bias"),
            ("features.1.conv.0.1.weight", "backbone.layer1.0.conv.0.bn.weight"),
            ("features.1.conv.1.weight", "backbone.layer1.0.conv.1.conv.weight"),
            ("features.1.conv.2.running_mean", "backbone.layer1.0.conv.1.bn.running_mean"),
            ("features.3.conv.1.0.weight", "backbone.layer2.1.conv.1.conv.weight"),
            ("features.4.conv.2.weight", "backbone.layer3.0.conv.2.conv.weight"),
            ("features.17.conv.3.bias", "backbone.layer7.0.conv.2.bn.bias"),
            ("features.18.1.weight", "backbone.conv2.bn.weight"),
            ("classifier.1.weight", "head.fc.weight"),
        ] {
            assert_eq!(published(given), wanted);
        }
    }

    #[test]
    fn other_names_stay_and_are_found_surplus() {
        for other in [
            "features.19.conv.0.0.weight",
            "features.18446744073709551615.conv.0.0.weight",
            "features.2.conv.4.weight",
            "features.2.conv.0.weight",
            "features.2.conv.0.2.weight",
            "features.2.conv.2.0.weight",
            "features.0.2.weight",
            "features.x.y",
            "features.",
        ] {
            assert_eq!(published(other), format!("backbone.{other}"));
        }
    }
}
