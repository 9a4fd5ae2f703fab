//! Why entries of the log were set aside. The reasons are stored as words (`apply.rs`); here they get their kinds.

use std::collections::BTreeMap;

use crate::{Result, Vault};

/// By what a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhySetAside {
    /// A newer version of Holdfast wrote it: update.
    NewerVersion,
    /// Its key has not arrived: wait.
    MissingKey,
    /// What it builds on has not arrived: wait.
    Orphan,
    /// It is not of the computer that it names: look at the devices.
    WrongAuthor,
    /// It cannot be read.
    Unreadable,
}

impl WhySetAside {
    fn of(reason: &str) -> Self {
        if reason.contains("newer version") {
            Self::NewerVersion
        } else if reason.contains("waiting for a key") {
            Self::MissingKey
        } else if reason.contains("came before") {
            Self::Orphan
        } else if reason.contains("another computer") {
            Self::WrongAuthor
        } else {
            Self::Unreadable
        }
    }
}

impl Vault {
    /// How many entries of the log are set aside, by why.
    pub fn set_aside(&self) -> Result<BTreeMap<WhySetAside, u32>> {
        self.read(|r| {
            let mut out = BTreeMap::new();
            for row in r.list_quarantine()? {
                *out.entry(WhySetAside::of(&row.reason)).or_insert(0) += 1;
            }
            Ok(out)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences that `apply.rs` stores.
    #[test]
    fn each_reason_has_its_kind() {
        for (reason, why) in [
            ("of a kind that needs a newer version of Holdfast", WhySetAside::NewerVersion),
            ("sealed by a newer version of Holdfast", WhySetAside::NewerVersion),
            ("written by a newer version of Holdfast", WhySetAside::NewerVersion),
            ("waiting for a key", WhySetAside::MissingKey),
            ("came before a version that it builds on", WhySetAside::Orphan),
            ("signed by another computer than its author", WhySetAside::WrongAuthor),
            ("cannot be read: not canonical", WhySetAside::Unreadable),
        ] {
            assert_eq!(WhySetAside::of(reason), why, "{reason}");
        }
        let source = include_str!("apply.rs");
        for reason in ["newer version", "waiting for a key", "came before", "another computer"] {
            assert!(source.contains(reason), "{reason} is not what apply.rs says any more");
        }
    }
}
