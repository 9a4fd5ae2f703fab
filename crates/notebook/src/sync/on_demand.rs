//! Fetching a file because a person opened it: at once, beside whatever sync is doing.
//!
//! What could not be had is noted as asked for, and comes with the next sync that reaches the server.

use std::sync::Mutex;

use holdfast_protocol::ProtocolError;
use holdfast_store::{FileState, FileToFetch};

use super::blobs::{self, Came};
use super::driver::held;
use super::{Syncer, account};
use crate::attachments::{WhyNotHere, attachment, why_gone_or};
use crate::{AttachmentId, NotebookError, Result};

/// Files that somebody is fetching; sync leaves them alone.
pub(super) type InHand = Mutex<std::collections::BTreeSet<[u8; 32]>>;

/// Takes a file out again when the fetching ends, however it ends.
struct Hold<'a> {
    files: &'a InHand,
    content: [u8; 32],
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        held(self.files).remove(&self.content);
    }
}

impl Syncer {
    /// Brings a file to this computer, where it is not here. Each chunk that comes is told as a change of the notes that
    /// have the file. A connection that breaks is tried again as long as that brings something.
    ///
    /// # Errors
    /// [`NotebookError::NotHere`] where the server cannot be reached, or does not have it; `NoServer`; what else a
    /// request can fail with.
    pub async fn fetch_file(&self, id: AttachmentId) -> Result<()> {
        let vault = self.vault();
        if vault.has_attachment(id)? {
            return Ok(());
        }
        vault.want_file(id)?;
        let row = vault.read(|r| attachment(r, id))?;
        let (content, name) = (row.content, row.name);
        let not_here = |why| NotebookError::NotHere { name: name.clone(), why };
        let account = vault.read(account::load)?.ok_or(NotebookError::NoServer)?;
        let token = account.token.ok_or(ProtocolError::Unauthorized)?;
        // A connection of its own: this may run on another thread than sync does.
        let server = (self.connect())(&account.address)?;
        held(&self.in_hand).insert(content);
        let _hold = Hold { files: &self.in_hand, content };
        let mut came_since = false;
        loop {
            // Where the server lacks a chunk, the file may have been sealed once more.
            let (chunks, size) = vault
                .read(|r| Ok(r.file(&content)?))?
                .map_or_else(|| (row.chunks.clone(), row.size), |file| (file.chunks, file.size));
            let file = FileToFetch { attachment: id, content, chunks, size };
            match blobs::fetch_chunk(vault, &*server, &token, &file).await {
                Ok(Came::Whole) => return Ok(()),
                Ok(Came::Part) => came_since = true,
                Ok(Came::NotThere) => {
                    return Err(not_here(vault.read(|r| why_gone_or(r, &content, WhyNotHere::NotOnServer))?));
                }
                Ok(Came::NoKey) => return Err(not_here(WhyNotHere::NoKey)),
                Ok(Came::Newer) => return Err(NotebookError::NewerVersion),
                Err(NotebookError::Protocol(ProtocolError::Unreachable(_))) if came_since => came_since = false,
                Err(NotebookError::Protocol(
                    ProtocolError::NoNetwork
                    | ProtocolError::Unreachable(_)
                    | ProtocolError::Busy { .. }
                    | ProtocolError::Server(_),
                )) => return Err(not_here(WhyNotHere::NoAnswer)),
                Err(other) => return Err(other),
            }
        }
    }

    /// Brings every file that a live note has: before an export. Answers with what kept it from the first that could not
    /// be had; where the server does not answer, the others are not asked for.
    pub async fn fetch_all_files(&self) -> Result<Option<NotebookError>> {
        let vault = self.vault();
        let ids = vault.read(|r| {
            let mut ids = Vec::new();
            for id in r.attachments_of_live_notes()? {
                let row = r.attachment(id)?;
                let state = row.map(|row| r.file(&row.content)).transpose()?.flatten().map(|file| file.state);
                if state != Some(FileState::Whole) {
                    ids.push(id);
                }
            }
            Ok(ids)
        })?;
        let mut first = None;
        for id in ids {
            match self.fetch_file(id).await {
                // A link may arrive before the file's own record.
                Ok(()) | Err(NotebookError::NotFound { .. }) => {}
                Err(
                    error @ NotebookError::NotHere {
                        why: WhyNotHere::NotOnServer | WhyNotHere::NoKey | WhyNotHere::Gone { .. },
                        ..
                    },
                ) => {
                    first.get_or_insert(error);
                }
                Err(
                    error @ (NotebookError::DiskFull
                    | NotebookError::Storage(_)
                    | NotebookError::Internal(_)
                    | NotebookError::Damaged(_)),
                ) => {
                    return Err(error);
                }
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(first)
    }
}
