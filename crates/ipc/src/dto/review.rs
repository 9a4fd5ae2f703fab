use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    Same,
    Added,
    Removed,
}

/// A run of text in a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct DiffSpan {
    pub kind: SpanKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PlaceField {
    Title,
    Notebook,
    Due,
    Done,
    FrontMatter,
    Trash,
    /// A live note in a trashed notebook: the original is that notebook, a side is where the note shows.
    TrashedNotebook,
    Text,
}

/// One version of a place, held by one or more devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct PlaceSide {
    /// 1 to 9: its key.
    pub number: u32,
    pub devices: Vec<SideDevice>,
    /// As shown, e.g. `Not done`, a passage; but a due date is `2026-11-28`, or `No due date`.
    pub text: String,
    /// Against the original.
    pub diff: Vec<DiffSpan>,
    /// The passage is gone in this version; at a trash place, this version moves the note there.
    pub removed: bool,
    /// A trash place: how many changes the other choice would hide.
    pub hides_changes: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct SideDevice {
    /// `This computer`'s own name for this device, the other's name for another.
    pub name: String,
    pub this_device: bool,
    pub at_ms: f64,
    pub revision: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PlaceChoice {
    /// By `PlaceSide::number`.
    Side {
        number: u32,
    },
    All,
    Original,
    /// `ReviewPlace::suggested`.
    Suggested,
    /// Typed by the person.
    Text {
        text: String,
    },
}

/// A result that is likely right. Never taken without being asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Suggestion {
    /// As shown.
    pub text: String,
    /// Against the original.
    pub diff: Vec<DiffSpan>,
}

/// A place to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ReviewPlace {
    pub id: String,
    /// From 1.
    pub number: u32,
    pub field: PlaceField,
    /// A heading or a field's name: what the list of choices calls it.
    pub label: String,
    pub original: String,
    /// False where there was nothing before.
    pub has_original: bool,
    pub sides: Vec<PlaceSide>,
    pub can_keep_all: bool,
    /// The side (by its number) whose words stand first where all are kept: on every computer the same one.
    pub all_begins_with: Option<u32>,
    /// False where there is more than one original.
    pub can_take_original: bool,
    pub suggested: Option<Suggestion>,
    pub choice: Option<PlaceChoice>,
    /// A few lines around it, for reading.
    pub before: String,
    pub after: String,
}

/// A passage of the result, with where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ResultSpan {
    pub text: String,
    /// The place it fills, if it fills one.
    pub place: Option<u32>,
    /// Words that merged by themselves: which of `Review::merged`, from 0.
    pub merged: Option<u32>,
    /// Still to choose: shown as its newest side until then.
    pub open: bool,
    pub this_device: bool,
    pub other_device: bool,
}

/// What was merged by itself beside the places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct MergedPart {
    pub label: String,
    pub device: String,
    pub this_device: bool,
}

/// A note's review as the dialog shows it. Choices made so far are kept across restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Review {
    pub id: String,
    /// False for a notebook, which has a name and a place, and no text.
    pub is_note: bool,
    pub title: String,
    pub places: Vec<ReviewPlace>,
    pub merged: Vec<MergedPart>,
    pub result: Vec<ResultSpan>,
    /// A text that the person typed over the whole result; the text places are decided by it.
    pub edited_result: Option<String>,
    /// As `edited_result`, but typed before another version arrived: it would undo that.
    pub set_aside: Option<String>,
    pub devices: Vec<SideDevice>,
    /// Choices still to make.
    pub left: u32,
    /// The versions it was made from. Goes back with `finish`.
    pub seen_heads: Vec<String>,
    /// Choices kept from before that no longer fit, because another version arrived.
    pub stale_choices: u32,
}

/// What one choice changed: all that crosses, however long the note is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ReviewStep {
    /// As it is kept now.
    pub choice: Option<PlaceChoice>,
    /// The passage of the result that the place fills now. Absent for a field.
    pub passage: Option<ResultSpan>,
    /// Choices still to make.
    pub left: u32,
    /// As in `Review`: others than before say that another version arrived.
    pub seen_heads: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ReviewListItem {
    pub id: String,
    /// False for a notebook.
    pub is_note: bool,
    pub title: String,
    pub choices: u32,
    /// Where it was changed.
    pub devices: Vec<String>,
    /// Where it was moved to the trash.
    pub trashed_by: Vec<String>,
    pub updated_ms: f64,
}

/// What one device brought into an automatic merge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct ReceiptSide {
    pub device: String,
    pub this_device: bool,
    pub at_ms: f64,
    pub revision: String,
    /// Names of fields besides the text, e.g. `Tags`.
    pub fields: Vec<String>,
    pub diff: Vec<DiffSpan>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct Receipt {
    pub id: String,
    /// What was merged.
    pub note: String,
    /// False for a notebook.
    pub is_note: bool,
    pub title: String,
    /// Of a cycle of notebooks that was broken: which one shows at the top and why. Absent of a merge.
    pub why: Option<String>,
    pub at_ms: f64,
    pub undone: bool,
    pub seen: bool,
    /// Filled by `receipt_get`, empty in lists.
    pub sides: Vec<ReceiptSide>,
    pub devices: Vec<String>,
}
