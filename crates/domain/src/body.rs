//! The text of a note: clean passages and open places.

use crate::{Merge, Stamp};

/// A passage of a body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Text on which all sides agree.
    Clean(String),
    /// Text on which they do not. Always more than one term.
    Place(Merge<String>),
}

/// A body as a list of passages.
///
/// **Invariant** (kept by [`Body::from_segments`]): no empty clean passage, no two clean passages in a row, no
/// place with one term. Terms belong to a place, never to the whole body: whole-body terms multiply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Body {
    segments: Vec<Segment>,
    /// When the text was last changed by a person (carrying it on does not renew it).
    pub stamp: Stamp,
}

impl Body {
    pub fn text(text: impl Into<String>, stamp: Stamp) -> Self {
        Self::from_segments(vec![Segment::Clean(text.into())], stamp)
    }

    /// Joins clean neighbours, drops empty ones, and turns places with one term into clean text.
    pub fn from_segments(segments: Vec<Segment>, stamp: Stamp) -> Self {
        let mut out: Vec<Segment> = Vec::with_capacity(segments.len());
        for segment in segments {
            let segment = match segment {
                Segment::Place(merge) if merge.is_resolved() => {
                    Segment::Clean(merge.into_terms().into_iter().map(|t| t.value).collect())
                }
                other => other,
            };
            match (out.last_mut(), segment) {
                (_, Segment::Clean(text)) if text.is_empty() => {}
                (Some(Segment::Clean(before)), Segment::Clean(text)) => before.push_str(&text),
                (_, segment) => out.push(segment),
            }
        }
        Self { segments: out, stamp }
    }

    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub fn into_segments(self) -> Vec<Segment> {
        self.segments
    }

    pub fn places(&self) -> impl Iterator<Item = &Merge<String>> {
        self.segments.iter().filter_map(|s| match s {
            Segment::Place(merge) => Some(merge),
            Segment::Clean(_) => None,
        })
    }

    pub fn is_resolved(&self) -> bool {
        self.places().next().is_none()
    }

    /// The text as shown: in each open place its newest side.
    pub fn shown(&self) -> String {
        self.segments
            .iter()
            .map(|s| match s {
                Segment::Clean(text) => text.as_str(),
                Segment::Place(merge) => merge.shown().as_str(),
            })
            .collect()
    }

    /// Bytes of text in all terms, for the size limits.
    pub fn len_bytes(&self) -> usize {
        self.segments
            .iter()
            .map(|s| match s {
                Segment::Clean(text) => text.len(),
                Segment::Place(merge) => merge.terms().iter().map(|t| t.value.len()).sum(),
            })
            .sum()
    }
}
