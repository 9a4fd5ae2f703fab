//! Why entries of the log were set aside, by what a person can do about it.

use std::collections::BTreeMap;

use holdfast_store::Waiting;

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
    /// Other bytes than the right ones stand under its id: it is asked for elsewhere.
    Altered,
    /// A computer sent it after it was removed from the account: nothing, it is told so that it is known.
    Removed,
    /// Set aside by an older version of Holdfast, which did not say why: it is tried again.
    Unknown,
}

impl From<Waiting> for WhySetAside {
    fn from(waiting: Waiting) -> Self {
        match waiting {
            Waiting::Program => Self::NewerVersion,
            Waiting::Key => Self::MissingKey,
            Waiting::Parent => Self::Orphan,
            Waiting::Variant => Self::Altered,
            Waiting::Removed => Self::Removed,
            Waiting::Anything => Self::Unknown,
        }
    }
}

impl Vault {
    /// How many entries of the log are set aside, by why.
    pub fn set_aside(&self) -> Result<BTreeMap<WhySetAside, u32>> {
        self.read(|r| {
            let mut out = BTreeMap::new();
            for row in r.list_quarantine()? {
                *out.entry(WhySetAside::from(row.waiting)).or_insert(0) += 1;
            }
            Ok(out)
        })
    }
}
