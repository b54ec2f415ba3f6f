//! What a device prints, line by line.

/// Work and bytes of a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Spent {
    /// Microseconds the processor worked.
    pub busy: u64,
    /// Bytes to the network.
    pub up: u64,
    /// Bytes from the network.
    pub down: u64,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result {
    /// Which picture.
    pub picture: usize,
    /// The largest output.
    pub output: usize,
    /// The number of the inference.
    pub number: u64,
    /// Before the input was used.
    pub offline: Spent,
    /// From the input to the result.
    pub online: Spent,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The device counted a start.
    Boot(u64),
    /// A session got an epoch.
    Epoch(u64),
    /// An input is sent under a number.
    Runs(u64),
    /// A picture is classified.
    Picture(Result),
    /// An attempt failed.
    Failed(String),
    /// Anything else.
    Other(String),
}

impl Line {
    /// Reads a line.
    pub fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let parsed = match words[..] {
            ["boot", count] => count.parse().ok().map(Self::Boot),
            ["epoch", epoch] => epoch.parse().ok().map(Self::Epoch),
            ["inference", number, "runs"] => number.parse().ok().map(Self::Runs),
            ["picture", _, "attempt", ..] => Some(Self::Failed(text.to_owned())),
            ["picture", ..] => result(text).map(Self::Picture),
            _ => None,
        };
        parsed.unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

/// `picture 3: cat (output 3, inference 7, offline 1 us 2 up 3 down, online 4 us 5 up 6 down)`.
fn result(text: &str) -> Option<Result> {
    let (head, _) = text.strip_prefix("picture ")?.split_once(':')?;
    let (_, body) = text.rsplit_once(" (")?;
    let mut parts = body.strip_suffix(')')?.split(", ");
    let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix(' ');
    let output = part("output")?.parse().ok()?;
    let number = part("inference")?.parse().ok()?;
    let (offline, online) = (spent(part("offline")?)?, spent(part("online")?)?);
    Some(Result { picture: head.parse().ok()?, output, number, offline, online })
}

fn spent(text: &str) -> Option<Spent> {
    let words: Vec<&str> = text.split(' ').collect();
    let [busy, "us", up, "up", down, "down"] = words[..] else { return None };
    Some(Spent { busy: busy.parse().ok()?, up: up.parse().ok()?, down: down.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_devices_print() {
        let line = "picture 3: cat (output 5, inference 4294967297, offline 1 us 2 up 3 down, online 4 us 5 up 6 down)";
        let offline = Spent { busy: 1, up: 2, down: 3 };
        let online = Spent { busy: 4, up: 5, down: 6 };
        let result = Result { picture: 3, output: 5, number: 4294967297, offline, online };
        assert_eq!(Line::parse(line), Line::Picture(result));
        assert_eq!(Line::parse("boot 7"), Line::Boot(7));
        assert_eq!(Line::parse("epoch 8"), Line::Epoch(8));
        assert_eq!(Line::parse("inference 9 runs"), Line::Runs(9));
        let failed = "picture 3, attempt 1: no server answers; trying again";
        assert_eq!(Line::parse(failed), Line::Failed(failed.into()));
        for other in ["", "boot", "boot x", "picture 3: cat", "inference 9 prepared"] {
            assert_eq!(Line::parse(other), Line::Other(other.into()));
        }
    }
}
