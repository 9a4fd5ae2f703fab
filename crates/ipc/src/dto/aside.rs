use serde::{Deserialize, Serialize};
use specta::Type;

/// What a person can do about a change that is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum AsideChoice {
    /// Nothing: it comes in by itself when what it waits for is here.
    Wait,
    /// Take it over as a version of its note, or discard it.
    Take,
    /// Take it over as a note of its own, or discard it.
    TakeAsNew,
    /// It can only be discarded: it does not open, or is nothing that a person wrote.
    Discard,
    /// Another computer of the account has taken it over: it can only be discarded here.
    Taken,
}

/// A change that is set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct AsideItem {
    pub id: String,
    /// The computer that sent it.
    pub who: String,
    pub arrived_ms: Option<f64>,
    /// Why: a sentence.
    pub why: String,
    /// What to do, or what will happen: a sentence.
    pub action: String,
    /// Sealed.
    pub bytes: f64,
    /// `note`, `notebook`, `attachment` or `computer`, where it opens.
    pub kind: Option<String>,
    pub title: Option<String>,
    pub choice: AsideChoice,
}

/// What one of them says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct AsideText {
    pub item: AsideItem,
    /// By the clock of the computer that wrote it.
    pub written_ms: Option<f64>,
    /// Of a note that opens.
    pub text: Option<String>,
    pub tags: Vec<String>,
}

/// What became of one that was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct AsideTaken {
    /// The record that it is a version of now.
    pub id: String,
    /// It could not merge, and is a note of its own.
    pub new_note: bool,
}
