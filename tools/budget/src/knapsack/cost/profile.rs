use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Work;

/// Nanoseconds of computation, all parties together: what an activation layer takes, divided by what it computes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Before the input exists.
    pub offline_ns: Shares,
    /// From the input on.
    pub online_ns: Shares,
}

/// Nanoseconds each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Of a pixel that a decision multiplies.
    pub pixel: f64,
    /// Of a decision.
    pub block: f64,
    /// Of a pixel that is passed on.
    pub identity: f64,
}

/// Why a profile cannot be used.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("the profile {} cannot be read: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// It is no profile.
    #[error("{} is no profile: {problem}; write one with `brelu bench profile`", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Default for Profile {
    /// Measured by `brelu bench profile` on two cores of an AMD EPYC, all parties in one process; encryption is included.
    fn default() -> Self {
        Self {
            offline_ns: Shares { pixel: 30.0, block: 30.0, identity: 8.0 },
            online_ns: Shares { pixel: 41.0, block: 17.0, identity: 18.0 },
        }
    }
}

impl Profile {
    /// Reads a file that `brelu bench profile` wrote.
    ///
    /// # Errors
    /// If there is no such file, or it is no profile.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ProfileError::File { path: path.into(), error })?;
        Self::parse(&text).map_err(|problem| ProfileError::Content { path: path.into(), problem })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let profile: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let shares = [profile.offline_ns, profile.online_ns];
        let times = shares.map(|shares| [shares.pixel, shares.block, shares.identity]);
        match times.as_flattened().iter().all(|time| (0.0..=1e9).contains(time)) {
            true => Ok(profile),
            false => Err("its times are not all between 0 and 10^9 nanoseconds".into()),
        }
    }

    /// Nanoseconds of work before the input exists.
    pub fn offline(&self, work: Work) -> f64 {
        self.offline_ns.of(work)
    }

    /// Nanoseconds of work from the input on.
    pub fn online(&self, work: Work) -> f64 {
        self.online_ns.of(work)
    }
}

impl Shares {
    fn of(&self, work: Work) -> f64 {
        work.pixels as f64 * self.pixel
            + work.blocks as f64 * self.block
            + work.identity as f64 * self.identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_again() {
        let text = serde_json::to_string(&Profile::default()).unwrap();
        assert_eq!(Profile::parse(&text), Ok(Profile::default()));
        for wrong in ["{}", "3", &text.replace("30.0", "-1.0"), &text.replace("pixel", "pixels")] {
            assert!(Profile::parse(wrong).is_err(), "{wrong}");
        }
    }
}
