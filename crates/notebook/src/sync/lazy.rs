//! Which files come by themselves, and which when they are opened. Choices of one computer: what its disk and its network
//! can hold says nothing about the others, so none of it syncs.

use std::collections::BTreeSet;

use holdfast_crypto::CHUNK_BYTES;
use holdfast_domain::NotebookId;
use holdfast_store::{Fetch, FileRow, FileState, Reader};

use crate::attachments::attachment;
use crate::{AttachmentId, NotebookError, Result, Vault};

/// Files up to this size always come: they cost no more than a page of the log. Bytes.
pub(super) const SMALL_BYTES: u64 = CHUNK_BYTES as u64;

/// 1: all files come. Without it: large ones when they are opened.
const FETCH_FILES: &str = "fetch_files";

/// When files of more than [`SMALL_BYTES`] come to this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFiles {
    /// As soon as they are on the server.
    Always,
    /// When they are opened or exported, and those of notebooks that are kept offline.
    WhenOpened,
}

/// What comes by itself.
pub(super) fn which(reader: &Reader<'_>) -> Result<Fetch> {
    Ok(match fetch_files(reader)? {
        FetchFiles::Always => Fetch::All,
        FetchFiles::WhenOpened => Fetch::UpTo(SMALL_BYTES),
    })
}

fn fetch_files(reader: &Reader<'_>) -> Result<FetchFiles> {
    let always = reader.get_u64(FETCH_FILES)? == Some(1);
    Ok(if always { FetchFiles::Always } else { FetchFiles::WhenOpened })
}

impl Vault {
    pub fn fetch_files(&self) -> Result<FetchFiles> {
        self.read(fetch_files)
    }

    /// Counts from the next sync on. What is here stays.
    pub fn set_fetch_files(&self, fetch: FetchFiles) -> Result<()> {
        self.transact(|t| {
            t.tx.put_u64(FETCH_FILES, u64::from(fetch == FetchFiles::Always))?;
            t.changes.settings = true;
            Ok(())
        })
    }

    /// Notebooks whose files come by themselves, with those of the notebooks below.
    pub fn kept_offline(&self) -> Result<BTreeSet<NotebookId>> {
        self.read(|r| Ok(r.kept_offline()?.into_iter().collect()))
    }

    /// Counts from the next sync on. What is here stays.
    pub fn set_kept_offline(&self, notebook: NotebookId, kept: bool) -> Result<()> {
        self.transact(|t| {
            if !t.tx.notebooks()?.iter().any(|n| n.id == notebook) {
                return Err(NotebookError::NotFound { what: "notebook", id: notebook.to_string() });
            }
            t.tx.set_kept_offline(notebook, kept)?;
            (t.changes.notebooks, t.changes.settings) = (true, true);
            Ok(())
        })
    }

    /// Notes that a file is asked for: from now on each sync tries to fetch it. Nothing where it is here.
    pub(super) fn want_file(&self, id: AttachmentId) -> Result<()> {
        self.transact(|t| {
            let row = attachment(t.tx, id)?;
            let there = t.tx.file(&row.content)?;
            if there.as_ref().is_some_and(|file| file.state != FileState::Partial) {
                return Ok(());
            }
            // The sealing that was begun with goes on.
            let chunks = there.map_or(row.chunks, |file| file.chunks);
            let wanted = FileRow { content: row.content, size: row.size, state: FileState::Wanted, chunks };
            t.tx.put_file(&wanted)?;
            t.changes.notes.extend(t.tx.notes_with_attachment(id)?);
            Ok(())
        })
    }
}
