//! Files that notes link. The bytes lie sealed in the database, in the chunks in which they go to the server.

use std::path::Path;

use holdfast_crypto::CHUNK_BYTES;
use holdfast_domain::{AttachmentFields, AttachmentId, Date, Fields, NoteId, Origin, SetEntry, UnknownFields};
use holdfast_store::{AttachmentRow, FileRow, FileState, Reader};

use crate::files::{self, Source, Unreadable};
use crate::notes::live;
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// The most bytes that a file may have.
pub const MAX_ATTACHMENT_BYTES: u64 = 100 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    /// As the text links it.
    pub path: String,
    pub name: String,
    pub media_type: String,
    pub size: u64,
    /// False while not all of the bytes are on this computer.
    pub here: bool,
    /// Of its bytes, those that are: in steps of a chunk.
    pub here_bytes: u64,
    /// A person asked for it, and it comes when there is a network.
    pub wanted: bool,
}

impl Vault {
    /// The files of a note.
    pub fn attachments(&self, note: NoteId) -> Result<Vec<Attachment>> {
        self.read(|r| {
            let missing = || NotebookError::NotFound { what: "note", id: note.to_string() };
            let row = r.note(note)?.ok_or_else(missing)?;
            let mut out = Vec::new();
            for (path, id) in row.attachments {
                // A link may arrive before the file's own record.
                let Some(a) = r.attachment(id)? else { continue };
                let (state, here_bytes) = here(r, &a)?;
                let (here, wanted) = (state == Some(FileState::Whole), state == Some(FileState::Wanted));
                let (name, media_type, size) = (a.name, a.media_type, a.size);
                out.push(Attachment { id, path, name, media_type, size, here, here_bytes, wanted });
            }
            Ok(out)
        })
    }

    /// Copies a file into a note. Answers with the path to link it by.
    pub fn attach_file(&self, note: NoteId, file: &Path) -> Result<String> {
        let name = file.file_name().map_or_else(|| "file".into(), |n| n.to_string_lossy().into_owned());
        let source = Source::open(self, &name, file)?;
        self.transact(|t| {
            let id = store(t, &name, holdfast_formats::media_type(&name), source)?;
            let taken: Vec<_> = t.tx.note(note)?.map(|n| n.attachments).unwrap_or_default();
            let path = free_path(&name, |p| taken.iter().any(|(path, other)| path == p && *other != id));
            t.change_now(note.into(), "note", Origin::Edit, |fields, stamp, now| {
                let note = live(fields)?;
                if !note.attachments.iter().any(|e| e.value == (path.clone(), id)) {
                    note.attachments.0.insert(SetEntry { value: (path.clone(), id), stamp });
                    note.updated_ms = now.max(note.updated_ms);
                }
                Ok(())
            })?;
            Ok(path)
        })
    }

    /// Takes a file out of a note. A link to it in the text stays as it is, and leads to nothing. Where no note has the file
    /// any more, its bytes go after a time; the note's history still says that it had it.
    pub fn detach_file(&self, note: NoteId, file: AttachmentId) -> Result<()> {
        self.transact(|t| {
            t.change_now(note.into(), "note", Origin::Edit, |fields, _, now| {
                let note = live(fields)?;
                let before = note.attachments.0.len();
                note.attachments.0.retain(|entry| entry.value.1 != file);
                if note.attachments.0.len() == before {
                    return Err(NotebookError::NotFound { what: "attachment", id: file.to_string() });
                }
                note.updated_ms = now.max(note.updated_ms);
                Ok(())
            })
        })
    }

    /// Whether all bytes of a file are on this computer.
    pub fn has_attachment(&self, id: AttachmentId) -> Result<bool> {
        self.read(|r| Ok(r.has_file(&attachment(r, id)?.content)?))
    }

    /// The bytes of a file, all at once.
    ///
    /// # Errors
    /// [`NotebookError::NotHere`] where they are not on this computer.
    pub fn attachment_bytes(&self, id: AttachmentId) -> Result<Vec<u8>> {
        let file = self.whole_file(id)?;
        let mut out = Vec::new();
        self.read_file(&file, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(out)
    }

    /// Writes the bytes of a file to a path, a chunk at a time. A file there is replaced when all of the new
    /// one is on disk; where that fails, it stays.
    ///
    /// # Errors
    /// [`NotebookError::NotHere`] where they are not on this computer: then nothing is written over.
    pub fn save_attachment(&self, id: AttachmentId, path: &Path) -> Result<()> {
        let file = self.whole_file(id)?;
        files::write_new(path, |out| {
            self.read_file(&file, |piece| out.write_all(piece).map_err(NotebookError::io(path)))
        })
    }

    fn whole_file(&self, id: AttachmentId) -> Result<FileRow> {
        self.read(|r| {
            let row = attachment(r, id)?;
            let file = r.file(&row.content)?.filter(|file| file.state == FileState::Whole);
            let Some(file) = file else {
                let why = why_gone_or(r, &row.content, WhyNotHere::NotFetched)?;
                return Err(NotebookError::NotHere { name: row.name, why });
            };
            Ok(file)
        })
    }

    fn read_file(&self, file: &FileRow, take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        files::read_file(self, file, take).map_err(|e| match e {
            Unreadable::Altered => NotebookError::Damaged("an attachment is not what was stored".into()),
            Unreadable::Other(error) => error,
        })
    }
}

/// Why a file is not on this computer, by what a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNotHere {
    /// Nobody has asked the server for it.
    NotFetched,
    /// It was asked for, and there is no network, or no answer.
    NoAnswer,
    /// The server does not have it, or not all of it.
    NotOnServer,
    /// Another computer sealed it with a key that has not come here.
    NoKey,
    /// Nothing named it for so long that its bytes went: from this computer on that day (UTC).
    Gone { since: Date },
}

/// [`WhyNotHere::Gone`] where the bytes of a file went from here because nothing named it; else `otherwise`.
pub(crate) fn why_gone_or(reader: &Reader<'_>, content: &[u8; 32], otherwise: WhyNotHere) -> Result<WhyNotHere> {
    let gone_ms = reader.unnamed_file(content)?.map_or(0, |row| row.gone_ms);
    let at = i64::try_from(gone_ms).ok().filter(|gone_ms| *gone_ms > 0);
    let at = at.and_then(|gone_ms| jiff::Timestamp::from_millisecond(gone_ms).ok());
    Ok(at.map_or(otherwise, |at| WhyNotHere::Gone { since: jiff::tz::Offset::UTC.to_datetime(at).date() }))
}

pub(crate) fn attachment(reader: &Reader<'_>, id: AttachmentId) -> Result<AttachmentRow> {
    let missing = || NotebookError::NotFound { what: "attachment", id: id.to_string() };
    reader.attachment(id)?.ok_or_else(missing)
}

/// What is known of a file's bytes, and how many of them are here.
fn here(reader: &Reader<'_>, attachment: &AttachmentRow) -> Result<(Option<FileState>, u64)> {
    let Some(file) = reader.file(&attachment.content)? else { return Ok((None, 0)) };
    Ok((Some(file.state), here_bytes(reader, &attachment.content, attachment.size, file.state)?))
}

/// Of a file's bytes, those that are here: in steps of a chunk.
pub(crate) fn here_bytes(reader: &Reader<'_>, content: &[u8; 32], size: u64, state: FileState) -> Result<u64> {
    if state == FileState::Whole {
        return Ok(size);
    }
    Ok(reader.count_chunks_here(content)?.saturating_mul(CHUNK_BYTES as u64).min(size))
}

pub(crate) fn check_size(name: &str, size: u64) -> Result<()> {
    if size > MAX_ATTACHMENT_BYTES {
        return Err(NotebookError::TooLarge(format!(
            "{name} has {} MiB and a file can have {} MiB",
            size / (1024 * 1024),
            MAX_ATTACHMENT_BYTES / (1024 * 1024)
        )));
    }
    Ok(())
}

fn free_path(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
        _ => (name, String::new()),
    };
    (1..=u32::MAX)
        .map(|n| if n == 1 { name.to_owned() } else { format!("{stem} ({n}){end}") })
        .find(|path| !taken(path))
        .unwrap_or_else(|| name.to_owned())
}

/// Stores a file's bytes, sealed, and its record. The same content is the same attachment, where it is here: of one that
/// is only known the bytes are taken in, and it gets a record of its own, so that what a person has given is safe.
pub(crate) fn store(t: &mut Txn<'_>, name: &str, media_type: &str, source: Source<'_>) -> Result<AttachmentId> {
    let (content, size) = (source.content, source.size());
    if let Some(there) = t.tx.attachment_with_content(&content)?
        && t.tx.has_file(&content)?
    {
        return Ok(there.id);
    }
    let chunks = source.seal(t)?;
    let id = AttachmentId(t.vault.env().random()?);
    let stamp = t.stamp();
    let fields = AttachmentFields {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size,
        content,
        chunks,
        created_ms: t.now_ms,
        unknown: UnknownFields::new(),
    };
    t.create(id.into(), Fields::Attachment(fields), stamp, Origin::Edit)?;
    // The view is made at the end of the transaction; the same file twice in one import asks for it before.
    crate::view::refresh(t, id.into())?;
    Ok(id)
}
