//! Entries of the log that were set aside: why, what they are, and for those of a removed computer what a person can do
//! about them ([`super::take_over`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use holdfast_crypto::CryptoError;
use holdfast_domain::{DeviceId, Fields, Kind, Origin, RecordId, Revision, RevisionId};
use holdfast_protocol::LogEntry;
use holdfast_store::{QuarantineRow, Reader, Waiting};

use super::apply;
use crate::record::differs;
use crate::{NotebookError, Result, Vault};

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
    /// A computer sent it after it was removed from the account: it may be taken over, or discarded.
    Removed,
    /// It builds on an old version whose content was thinned here: that is being fetched.
    Thinned,
    /// Set aside by an older version of Holdfast, which did not say why: it is tried again.
    Unknown,
}

impl WhySetAside {
    /// `None` where a person has decided about it.
    fn of(waiting: Waiting) -> Option<Self> {
        Some(match waiting {
            Waiting::Program => Self::NewerVersion,
            Waiting::Key => Self::MissingKey,
            Waiting::Parent => Self::Orphan,
            Waiting::Variant => Self::Altered,
            Waiting::Removed => Self::Removed,
            Waiting::Content => Self::Thinned,
            Waiting::Anything => Self::Unknown,
            Waiting::Decided => return None,
        })
    }
}

/// Names an entry that is set aside: the hash of its sealed bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsideId(pub [u8; 32]);

impl fmt::Display for AsideId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RevisionId(self.0).fmt(f)
    }
}

impl fmt::Debug for AsideId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RevisionId(self.0).fmt(f)
    }
}

impl FromStr for AsideId {
    type Err = NotebookError;

    fn from_str(text: &str) -> Result<Self> {
        let id = RevisionId::from_str(text).map_err(|_| not_found(&text))?;
        Ok(Self(id.0))
    }
}

pub(super) fn not_found(id: &impl ToString) -> NotebookError {
    NotebookError::NotFound { what: "change that is set aside", id: id.to_string() }
}

/// What can become of an entry of a removed computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A version of its record, which merges with the others.
    Version,
    /// A note of its own: what it builds on is not here, or it is a beginning of what is here already.
    NewNote,
    /// Nothing: it does not open, or is not a person's (what a computer says of itself).
    Nothing,
    /// Nothing is left to do: another computer of the account has taken it over.
    Taken,
}

/// As [`Takes`], with where a version goes.
pub(super) enum Way {
    Version { record: RecordId, parents: Vec<RevisionId> },
    NewNote,
    Nowhere,
    Gone,
}

impl Way {
    pub fn takes(&self) -> Takes {
        match self {
            Self::Version { .. } => Takes::Version,
            Self::NewNote => Takes::NewNote,
            Self::Nowhere => Takes::Nothing,
            Self::Gone => Takes::Taken,
        }
    }
}

/// An entry that is set aside, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideEntry {
    pub id: AsideId,
    pub why: WhySetAside,
    /// Who signed its batch.
    pub device: Option<DeviceId>,
    /// As the account knows it; `None` for a computer that never told its name here.
    pub device_name: Option<String>,
    /// Milliseconds since 1970; `None` where it came before that was noted.
    pub arrived_ms: Option<u64>,
    /// Sealed.
    pub bytes: u64,
    /// What it is a version of, or becomes one of, where it opens.
    pub record: Option<RecordId>,
    pub kind: Option<Kind>,
    /// The title or the name that it gives.
    pub title: Option<String>,
    /// What [`Vault::take_over`] makes of it. `None` for what comes in by itself when what it waits for is here, and so
    /// can be neither taken over nor discarded.
    pub takes: Option<Takes>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideText {
    pub entry: AsideEntry,
    /// When it was written, by the clock of its computer.
    pub written_ms: Option<u64>,
    /// A note's text as it would be shown; `None` where it does not open or is no note.
    pub text: Option<String>,
    pub tags: Vec<String>,
}

/// An entry with what is inside it, where it opens.
pub(super) struct Aside {
    pub row: QuarantineRow,
    pub logged: Option<LogEntry>,
    pub device: Option<DeviceId>,
    pub revision: Option<Revision>,
}

/// How many entries that build on each other are opened for one of them.
const MAX_CHAIN: usize = 64;

impl Aside {
    pub fn load(vault: &Vault, reader: &Reader<'_>, row: QuarantineRow) -> Result<Self> {
        let Some((logged, manifest)) = apply::set_aside(reader, &row)? else {
            return Ok(Self { row, logged: None, device: None, revision: None });
        };
        let revision = open(vault, reader, &logged)?;
        Ok(Self { row, logged: Some(logged), device: Some(DeviceId(manifest.device.0)), revision })
    }

    pub fn id(&self) -> AsideId {
        AsideId(self.row.body_hash)
    }

    /// What it builds on of what is here, looking through those that are set aside themselves. `None` where something
    /// that it builds on is neither.
    fn parents_here(&self, vault: &Vault, reader: &Reader<'_>) -> Result<Option<Vec<RevisionId>>> {
        let Some(revision) = &self.revision else { return Ok(None) };
        let mut todo = revision.parents().to_vec();
        let (mut out, mut looked) = (Vec::new(), 0);
        while let Some(parent) = todo.pop() {
            if reader.has_revision(parent)? {
                out.push(parent);
                continue;
            }
            looked += 1;
            let rows = if looked > MAX_CHAIN { Vec::new() } else { reader.quarantined(parent)? };
            if let Some(taken) = rows.iter().find_map(|row| row.taken_as) {
                out.push(taken);
                continue;
            }
            let mut behind = None;
            for row in rows.into_iter().filter(is_late) {
                behind = behind.or(Self::load(vault, reader, row)?.revision);
            }
            let Some(behind) = behind else { return Ok(None) };
            todo.extend(behind.parents());
        }
        Ok(Some(out))
    }

    /// The record whose version it would be, and what it would build on there: its own, or the note that somebody here made
    /// of what it builds on. `None` where it would be of several, or lacks what it builds on.
    fn goes_on(&self, vault: &Vault, reader: &Reader<'_>) -> Result<Option<(RecordId, Vec<RevisionId>)>> {
        let (Some(revision), Some(parents)) = (&self.revision, self.parents_here(vault, reader)?) else {
            return Ok(None);
        };
        let mut records = BTreeSet::new();
        for parent in &parents {
            records.extend(reader.record_of(*parent)?);
        }
        let record = records.pop_first().unwrap_or(revision.record);
        Ok(if records.is_empty() { Some((record, parents)) } else { None })
    }

    /// What becomes of it where its person takes it over.
    pub fn way(&self, vault: &Vault, reader: &Reader<'_>) -> Result<Way> {
        let Some(revision) = &self.revision else { return Ok(Way::Nowhere) };
        let is_note = match revision.fields {
            Fields::Device(_) | Fields::Unknown(..) => return Ok(Way::Nowhere),
            Fields::Note(_) => true,
            Fields::Notebook(_) | Fields::Attachment(_) => false,
        };
        let history = reader.history(revision.record)?;
        for row in history.iter().filter(|row| row.origin == Origin::Restore && row.author != vault.device()) {
            if reader.revision(row.rid)?.is_some_and(|there| !differs(&there.fields, &revision.fields)) {
                return Ok(Way::Gone);
            }
        }
        Ok(match self.goes_on(vault, reader)? {
            Some((record, parents)) if !parents.is_empty() || history.is_empty() => Way::Version { record, parents },
            _ if is_note => Way::NewNote,
            _ => Way::Nowhere,
        })
    }

    fn told(&self, vault: &Vault, reader: &Reader<'_>, why: WhySetAside) -> Result<AsideEntry> {
        let device_name = match self.device {
            Some(device) => reader.device(device)?.map(|row| row.name),
            None => None,
        };
        let way = if why == WhySetAside::Removed { Some(self.way(vault, reader)?) } else { None };
        let takes = way.as_ref().map(Way::takes);
        let record = match way {
            Some(Way::Version { record, .. }) => Some(record),
            _ => self.revision.as_ref().map(|revision| revision.record),
        };
        Ok(AsideEntry {
            id: self.id(),
            why,
            device: self.device,
            device_name,
            arrived_ms: Some(self.row.arrived_ms).filter(|ms| *ms > 0),
            bytes: self.logged.as_ref().map_or(self.row.bytes.len(), |logged| logged.entry.body.len()) as u64,
            record,
            kind: self.revision.as_ref().map(|revision| revision.fields.kind()),
            title: self.revision.as_ref().and_then(|revision| title(&revision.fields)),
            takes,
        })
    }
}

/// Set aside because its device was removed, whether or not a person has decided about it.
pub(super) fn is_late(row: &QuarantineRow) -> bool {
    matches!(row.waiting, Waiting::Removed | Waiting::Decided)
}

fn title(fields: &Fields) -> Option<String> {
    match fields {
        Fields::Note(note) => Some(note.title.newest().value.clone()),
        Fields::Notebook(notebook) => Some(notebook.name.newest().value.clone()),
        Fields::Attachment(file) => Some(file.name.clone()),
        Fields::Device(device) => Some(device.name.newest().value.clone()),
        Fields::Unknown(..) => None,
    }
}

/// The revision in an entry, where it opens with the keys that are here; its body may be a difference to another entry
/// that is set aside.
pub(super) fn open(vault: &Vault, reader: &Reader<'_>, logged: &LogEntry) -> Result<Option<Revision>> {
    let mut opened: BTreeMap<RevisionId, Vec<u8>> = BTreeMap::new();
    let mut chain = vec![logged.clone()];
    while let Some(next) = chain.last() {
        match apply::open_on(vault, reader, &next.entry, &opened)? {
            Ok(bytes) if chain.len() == 1 => return Ok(Revision::decode(&bytes).ok()),
            Ok(bytes) => {
                opened.insert(RevisionId(next.entry.rid.0), bytes);
                chain.pop();
            }
            Err(CryptoError::MissingParent { parent }) if chain.len() < MAX_CHAIN => {
                let rows = reader.quarantined(RevisionId(parent))?;
                let row = rows.iter().find(|row| is_late(row));
                let Some((logged, _)) = row.map(|row| apply::set_aside(reader, row)).transpose()?.flatten() else {
                    return Ok(None);
                };
                if chain.iter().any(|known| known.entry.rid == logged.entry.rid) {
                    return Ok(None);
                }
                chain.push(logged);
            }
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// The entry of that id, where nobody has decided about it.
pub(super) fn find(vault: &Vault, reader: &Reader<'_>, id: AsideId) -> Result<(Aside, WhySetAside)> {
    for row in reader.list_quarantine()?.into_iter().filter(|row| row.body_hash == id.0) {
        if let Some(why) = WhySetAside::of(row.waiting) {
            return Ok((Aside::load(vault, reader, row)?, why));
        }
    }
    Err(not_found(&id))
}

impl Vault {
    /// How many entries of the log are set aside, by why.
    pub fn set_aside(&self) -> Result<BTreeMap<WhySetAside, u32>> {
        self.read(|r| {
            let mut out = BTreeMap::new();
            for why in r.list_quarantine()?.iter().filter_map(|row| WhySetAside::of(row.waiting)) {
                *out.entry(why).or_insert(0) += 1;
            }
            Ok(out)
        })
    }

    /// What is set aside and not decided about, the newest arrival first.
    pub fn set_aside_entries(&self) -> Result<Vec<AsideEntry>> {
        self.read(|r| {
            let mut out = Vec::new();
            for row in r.list_quarantine()?.into_iter().rev() {
                if let Some(why) = WhySetAside::of(row.waiting) {
                    out.push(Aside::load(self, r, row)?.told(self, r, why)?);
                }
            }
            out.sort_by_key(|entry| std::cmp::Reverse(entry.arrived_ms));
            Ok(out)
        })
    }

    /// What one of them says.
    pub fn set_aside_text(&self, id: AsideId) -> Result<AsideText> {
        self.read(|r| {
            let (aside, why) = find(self, r, id)?;
            let entry = aside.told(self, r, why)?;
            let (mut text, mut tags) = (None, Vec::new());
            if let Some(Fields::Note(note)) = aside.revision.as_ref().map(|revision| &revision.fields) {
                text = Some(note.body.shown());
                tags = note.tags.iter().map(|entry| entry.value.clone()).collect();
            }
            Ok(AsideText { entry, written_ms: aside.revision.map(|revision| revision.hlc.ms), text, tags })
        })
    }
}

/// What of what is here a change that is set aside builds on.
#[cfg(feature = "simulation")]
pub(crate) fn builds_on(vault: &Vault, reader: &Reader<'_>, id: AsideId) -> Result<Vec<RevisionId>> {
    let (aside, _) = find(vault, reader, id)?;
    Ok(aside.goes_on(vault, reader)?.map(|(_, parents)| parents).unwrap_or_default())
}

/// What is missing of what the versions that are set aside build on.
#[cfg(feature = "simulation")]
pub(crate) fn awaited(vault: &Vault, reader: &Reader<'_>) -> Result<Vec<RevisionId>> {
    let mut out = Vec::new();
    for row in reader.list_quarantine()?.into_iter().filter(|row| row.waiting == Waiting::Parent) {
        if let Some(revision) = Aside::load(vault, reader, row)?.revision {
            out.extend(reader.missing_parents(&revision)?);
        }
    }
    out.extend(super::fetch::thinned_wanted(vault, reader)?);
    Ok(out)
}
