//! Choices made so far, as they are kept in the database until the review is finished.

use holdfast_domain::canonical::{DecodeError, Reader, Writer};
use holdfast_domain::{NotebookId, RevisionId, TrashState};
use holdfast_merge::{Choice, PlaceId, PlaceValue};

use crate::Result;

/// Under this id a text typed over the whole result is kept; no place has it.
pub(super) const WHOLE_BODY: PlaceId = PlaceId([0; 16]);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptChoice {
    Place(Choice),
    /// The whole text, typed, and the versions that were on the screen then, in order.
    Body {
        text: String,
        seen: Vec<RevisionId>,
    },
}

impl KeptChoice {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(2);
        match self {
            Self::Place(Choice::Side(v)) => value(w.uint(0), v),
            Self::Place(Choice::All) => drop_ref(w.uint(1).null()),
            Self::Place(Choice::Original) => drop_ref(w.uint(2).null()),
            Self::Place(Choice::Value(v)) => value(w.uint(3), v),
            Self::Body { text, seen } => {
                w.uint(5).array(2).text(text).array(seen.len());
                for id in seen {
                    w.bytes(&id.0);
                }
            }
        }
        w.into_bytes()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        r.array_of(2, "choice")?;
        Ok(match r.uint("choice")? {
            0 => Self::Place(Choice::Side(read_value(&mut r)?)),
            1 => Self::Place(Choice::All),
            2 => Self::Place(Choice::Original),
            3 => Self::Place(Choice::Value(read_value(&mut r)?)),
            // Of the first version, which did not keep what it was typed on.
            4 => Self::Body { text: r.text("choice")?.to_owned(), seen: Vec::new() },
            5 => {
                r.array_of(2, "choice")?;
                let text = r.text("choice")?.to_owned();
                let seen = (0..r.array("choice")?).map(|_| Ok(RevisionId(r.fixed("choice")?)));
                Self::Body { text, seen: seen.collect::<Result<_, DecodeError>>()? }
            }
            _ => return Err(DecodeError::Unexpected("choice").into()),
        })
    }
}

fn drop_ref(_: &mut Writer) {}

fn value(w: &mut Writer, v: &PlaceValue) {
    w.array(2);
    match v {
        PlaceValue::Text(text) => w.uint(0).text(text),
        PlaceValue::Notebook(Some(id)) => w.uint(1).bytes(&id.0),
        PlaceValue::Notebook(None) => w.uint(1).null(),
        PlaceValue::Due(Some(date)) => w.uint(2).text(&date.to_string()),
        PlaceValue::Due(None) => w.uint(2).null(),
        PlaceValue::Done(done) => w.uint(3).bool(*done),
        PlaceValue::Trash(state) => w.uint(4).bool(*state == TrashState::Trashed),
    };
}

fn read_value(r: &mut Reader<'_>) -> Result<PlaceValue, DecodeError> {
    r.array_of(2, "choice")?;
    Ok(match r.uint("choice")? {
        0 => PlaceValue::Text(r.text("choice")?.to_owned()),
        1 if r.null() => PlaceValue::Notebook(None),
        1 => PlaceValue::Notebook(Some(NotebookId(r.fixed("choice")?))),
        2 if r.null() => PlaceValue::Due(None),
        2 => PlaceValue::Due(Some(r.text("choice")?.parse().map_err(|_| DecodeError::Unexpected("choice"))?)),
        3 => PlaceValue::Done(r.bool("choice")?),
        4 => PlaceValue::Trash(if r.bool("choice")? { TrashState::Trashed } else { TrashState::Live }),
        _ => return Err(DecodeError::Unexpected("choice")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_choice_reads_as_it_was_written() {
        let values = [
            PlaceValue::Text("a\nb".into()),
            PlaceValue::Notebook(None),
            PlaceValue::Notebook(Some(NotebookId([7; 16]))),
            PlaceValue::Due(None),
            PlaceValue::Due(Some("2026-11-28".parse().unwrap())),
            PlaceValue::Done(true),
            PlaceValue::Trash(TrashState::Trashed),
            PlaceValue::Trash(TrashState::Live),
        ];
        for v in values {
            for choice in [Choice::Side(v.clone()), Choice::Value(v), Choice::All, Choice::Original] {
                let kept = KeptChoice::Place(choice);
                assert_eq!(KeptChoice::decode(&kept.encode()).unwrap(), kept);
            }
        }
        let kept = KeptChoice::Body { text: "whole".into(), seen: vec![RevisionId([1; 32]), RevisionId([2; 32])] };
        assert_eq!(KeptChoice::decode(&kept.encode()).unwrap(), kept);
        // As the first version wrote it: [4, "whole"].
        let old = b"\x82\x04\x65whole";
        assert_eq!(KeptChoice::decode(old).unwrap(), KeptChoice::Body { text: "whole".into(), seen: Vec::new() });
    }
}
