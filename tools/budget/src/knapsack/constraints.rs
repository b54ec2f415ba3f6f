use super::KnapsackError;
use crate::distortion::{LayerTable, Table};
use brelu_networks::blocks::BlockSize;

/// What choices are not to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Layers that keep one decision a pixel; `*` stands for any characters.
    pub keep: Vec<String>,
    /// Most rows and columns of a patch.
    pub largest: Option<BlockSize>,
    /// Whether the first layer decides in every channel.
    pub first_decides: bool,
    /// Whether no channel is zero.
    pub no_zero: bool,
    /// Whether no channel is passed on.
    pub no_identity: bool,
}

impl Constraints {
    /// The allowed positions among a layer's candidates: 1x1 always is.
    pub(super) fn allowed(&self, number: usize, layer: &LayerTable) -> Vec<usize> {
        let kept = self.keep.iter().any(|pattern| matches(pattern, &layer.name));
        let must_decide = self.first_decides && number == 0;
        let allowed = |size: BlockSize| match size {
            BlockSize::RELU => true,
            _ if kept => false,
            BlockSize::IDENTITY => !self.no_identity && !must_decide,
            BlockSize::ZERO => !self.no_zero && !must_decide,
            _ => self
                .largest
                .is_none_or(|largest| size.height <= largest.height && size.width <= largest.width),
        };
        let sizes = layer.sizes.iter().enumerate();
        sizes.filter(|(_, size)| allowed(**size)).map(|(position, _)| position).collect()
    }

    /// Refuses patterns that fit no layer.
    pub(super) fn check(&self, table: &Table) -> Result<(), KnapsackError> {
        let fits = |pattern: &&String| !table.layers.iter().any(|layer| matches(pattern, &layer.name));
        let Some(pattern) = self.keep.iter().find(fits) else { return Ok(()) };
        let names: Vec<_> = table.layers.iter().take(4).map(|layer| layer.name.as_str()).collect();
        let more = if table.layers.len() > names.len() { ", ..." } else { "" };
        Err(KnapsackError::Pattern {
            network: table.provenance.network.clone(),
            pattern: pattern.clone(),
            layers: names.join(", ") + more,
        })
    }

    /// The constraints as sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let when = |condition: bool, text: &str| condition.then(|| text.to_owned());
        let mut notes = Vec::new();
        notes.extend(when(!self.keep.is_empty(), &format!("left alone: {}", self.keep.join(", "))));
        notes.extend(self.largest.map(|size| format!("blocks of at most {size}")));
        notes.extend(when(self.first_decides, "no identity or zero in the first layer"));
        notes.extend(when(self.no_zero, "no zero"));
        notes.extend(when(self.no_identity, "no identity"));
        notes
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any characters, or none.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let mut rest = rest;
    let mut parts: Vec<&str> = after.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_anything() {
        let fits = [
            ("relu", "relu"),
            ("*", ""),
            ("layer1*", "layer1.0/relu"),
            ("*/relu", "a/relu"),
            ("l*er*.0*u", "layer1.0/relu"),
            ("**", "x"),
        ];
        assert!(fits.iter().all(|(pattern, text)| matches(pattern, text)));
        let misses =
            [("relu", "relu1"), ("", "x"), ("layer2*", "layer1"), ("a*a", "a"), ("*b*c", "cb"), ("x*", "")];
        assert!(misses.iter().all(|(pattern, text)| !matches(pattern, text)));
    }
}
