//! Labels: which agents may take which runs.

use serde::{Deserialize, Serialize};

/// Most labels one run, flow or agent may carry.
pub const MAX_LABELS: usize = 100;
/// Longest label, in bytes.
pub const MAX_LABEL_BYTES: usize = 255;

/// Why a list of labels was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// More labels than [`MAX_LABELS`].
    #[error("{0} labels were given; at most {MAX_LABELS} are allowed")]
    TooMany(usize),
    /// A label longer than [`MAX_LABEL_BYTES`]; its beginning is shown.
    #[error(
        "the label beginning with '{beginning}' is {bytes} bytes long; at most {MAX_LABEL_BYTES} are allowed"
    )]
    TooLong {
        /// The first characters of the label.
        beginning: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// An empty label.
    #[error("a label must not be empty")]
    Empty,
}

/// A sorted set of labels without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelSet(Vec<String>);

impl LabelSet {
    /// Sorts and de-duplicates; refuses empty, over-long and too many labels.
    pub fn new<I, S>(labels: I) -> Result<Self, LabelError>
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let mut labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        for label in &labels {
            if label.is_empty() {
                return Err(LabelError::Empty);
            }
            if label.len() > MAX_LABEL_BYTES {
                return Err(LabelError::TooLong {
                    beginning: label.chars().take(40).collect(),
                    bytes: label.len(),
                });
            }
        }
        labels.sort_unstable();
        labels.dedup();
        if labels.len() > MAX_LABELS {
            return Err(LabelError::TooMany(labels.len()));
        }
        Ok(Self(labels))
    }

    /// The labels, sorted.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every label of `self` is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|label| other.0.binary_search(label).is_ok())
    }

    /// The canonical text of the set: its JSON. Two sets are equal exactly when their keys are.
    pub fn key(&self) -> String {
        serde_json::Value::from(self.0.clone()).to_string()
    }

    /// The set behind a [`key`](Self::key); `None` when the text is not one.
    pub fn from_key(key: &str) -> Option<Self> {
        serde_json::from_str(key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sorted_and_unique() {
        let set = LabelSet::new(["b", "a", "b"]).unwrap();
        assert_eq!(set.as_slice(), ["a", "b"]);
        assert_eq!(LabelSet::from_key(&set.key()), Some(set));
    }

    #[test]
    fn absurd_labels_are_refused() {
        assert_eq!(LabelSet::new([""]), Err(LabelError::Empty));
        assert!(matches!(LabelSet::new(["x".repeat(300)]), Err(LabelError::TooLong { bytes: 300, .. })));
        assert_eq!(LabelSet::new((0..101).map(|n| n.to_string())), Err(LabelError::TooMany(101)));
    }

    #[test]
    fn subset() {
        let agent = LabelSet::new(["eu", "gpu", "prod"]).unwrap();
        assert!(LabelSet::new(["gpu", "eu"]).unwrap().is_subset_of(&agent));
        assert!(!LabelSet::new(["us"]).unwrap().is_subset_of(&agent));
        assert!(LabelSet::default().is_subset_of(&agent));
    }
}
