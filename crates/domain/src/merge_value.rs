//! `Merge<T>`: a value, or a disagreement kept whole, as in jj.

use crate::Stamp;

/// One term of a [`Merge`]: a value and when it was written. A removed term carries [`Stamp::ZERO`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term<T> {
    pub value: T,
    pub stamp: Stamp,
}

impl<T> Term<T> {
    pub fn new(value: T, stamp: Stamp) -> Self {
        Self { value, stamp }
    }
}

/// An odd list of terms, alternately added and removed: `a0 - r0 + a1 - r1 + a2 …`.
///
/// **Invariant:** the number of terms is odd, so there is one more added than removed. One term is a resolved
/// value. Three or more are an open question whose sides are the added terms; no code path can lose one,
/// because there is nowhere else for a side to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Merge<T> {
    terms: Vec<Term<T>>,
}

impl<T> Merge<T> {
    pub fn resolved(value: T, stamp: Stamp) -> Self {
        Self { terms: vec![Term::new(value, stamp)] }
    }

    /// `None` unless the number of terms is odd.
    pub fn from_terms(terms: Vec<Term<T>>) -> Option<Self> {
        (terms.len() % 2 == 1).then_some(Self { terms })
    }

    pub fn terms(&self) -> &[Term<T>] {
        &self.terms
    }

    pub fn into_terms(self) -> Vec<Term<T>> {
        self.terms
    }

    pub fn adds(&self) -> impl Iterator<Item = &Term<T>> {
        self.terms.iter().step_by(2)
    }

    pub fn removes(&self) -> impl Iterator<Item = &Term<T>> {
        self.terms.iter().skip(1).step_by(2)
    }

    pub fn is_resolved(&self) -> bool {
        self.terms.len() == 1
    }

    pub fn as_resolved(&self) -> Option<&T> {
        match self.terms.as_slice() {
            [only] => Some(&only.value),
            _ => None,
        }
    }
}

impl<T: Ord> Merge<T> {
    /// The side that is shown until a person decides: the newest by (HLC, device id), equal on every device.
    pub fn newest(&self) -> &Term<T> {
        self.adds()
            .max_by(|a, b| (a.stamp, &a.value).cmp(&(b.stamp, &b.value)))
            .unwrap_or_else(|| unreachable!("a merge has at least one added term"))
    }

    /// The value to show; see [`Merge::newest`].
    pub fn shown(&self) -> &T {
        &self.newest().value
    }
}
