//! Files that notes link. The bytes lie sealed in the database, as they go to the server.

use std::fs;
use std::path::Path;

use holdfast_crypto::{blob_id, content_id, open_blob, seal_blob};
use holdfast_domain::{AttachmentFields, AttachmentId, Fields, NoteId, Origin, SetEntry, UnknownFields};

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
    /// False while the bytes have not been fetched.
    pub here: bool,
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
                let here = r.has_blob(&a.content)?;
                out.push(Attachment { id, path, name: a.name, media_type: a.media_type, size: a.size, here });
            }
            Ok(out)
        })
    }

    /// Copies a file into a note. Answers with the path to link it by.
    pub fn attach_file(&self, note: NoteId, file: &Path) -> Result<String> {
        let size = fs::metadata(file).map_err(NotebookError::io(file))?.len();
        let name = file.file_name().map_or_else(|| "file".into(), |n| n.to_string_lossy().into_owned());
        check_size(&name, size)?;
        let bytes = fs::read(file).map_err(NotebookError::io(file))?;
        self.transact(|t| {
            let id = store(t, &name, holdfast_formats::media_type(&name), &bytes)?;
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

    /// The bytes of a file.
    pub fn attachment_bytes(&self, id: AttachmentId) -> Result<Vec<u8>> {
        let (sealed, size) = self.read(|r| {
            let missing = || NotebookError::NotFound { what: "attachment", id: id.to_string() };
            let row = r.attachment(id)?.ok_or_else(missing)?;
            let blob = r.blob(&row.content)?.ok_or_else(|| {
                NotebookError::Invalid(format!("{} has not been fetched from the server yet", row.name))
            })?;
            Ok((blob.data, row.size))
        })?;
        self.with_space_keys(|keys| Ok(open_blob(self.space().0, keys, &sealed, size as usize + 1)?))
    }
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

/// Stores a file's bytes, sealed, and its record; the same content is the same attachment.
pub(crate) fn store(t: &mut Txn<'_>, name: &str, media_type: &str, bytes: &[u8]) -> Result<AttachmentId> {
    let (content, sealed) = t.vault.with_space_keys(|keys| {
        let content = content_id(keys.current_id_key().1, bytes);
        let (epoch, key) = keys.current_epoch();
        Ok((content, (epoch, key.clone())))
    })?;
    if let Some(there) = t.tx.attachment_with_content(&content)? {
        return Ok(there.id);
    }
    let (epoch, key) = sealed;
    let sealed = seal_blob(t.vault.space().0, &key, epoch, bytes, &mut t.vault.env().rng())?;
    let cid = blob_id(&sealed);
    t.tx.put_blob(&content, &sealed, Some(cid), false)?;
    let id = AttachmentId(t.vault.env().random()?);
    let stamp = t.stamp();
    let fields = AttachmentFields {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size: bytes.len() as u64,
        content,
        chunks: vec![cid],
        created_ms: t.now_ms,
        unknown: UnknownFields::new(),
    };
    t.create(id.into(), Fields::Attachment(fields), stamp, Origin::Edit)?;
    // The view is made at the end of the transaction; the same file twice in one import asks for it before.
    crate::view::refresh(t, id.into())?;
    Ok(id)
}
