//! Old versions whose content was thinned here, fetched back from the server: because a person asked for one, or because
//! what arrived builds on them.
//!
//! The id of a version proves its bytes, wherever they come from: nothing else of an answer is believed.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_crypto::CryptoError;
use holdfast_domain::{NoteId, RevisionId};
use holdfast_protocol as wire;
use holdfast_protocol::{Entry, EntryKind, FetchRequest, ProtocolError, Rid, SyncProtocol, Token, limits};

use super::packs::Unpacked;
use super::{Syncer, account, apply, thinning};
use crate::attachments::WhyNotHere;
use crate::{NotebookError, Result, Vault};

/// A version may be the difference to another one, and so on: so many requests are made for some.
const MAX_ROUNDS: usize = 64;

/// Fetches these, and puts the contents of those that came back to their places.
pub(super) async fn put_back(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    wanted: &BTreeSet<RevisionId>,
) -> Result<()> {
    let wanted: Vec<RevisionId> = wanted.iter().copied().collect();
    for some in wanted.chunks(limits::MAX_FETCH) {
        let some: BTreeSet<RevisionId> = some.iter().copied().collect();
        let opened = contents(vault, server, token, &some).await?;
        vault.transact(|t| {
            let day = thinning::today(t.vault, t.reader())?;
            for (rid, bytes) in opened.iter().filter(|(rid, _)| some.contains(*rid)) {
                if t.tx.put_back(*rid, bytes, day)?
                    && let Some(record) = t.tx.record_of(*rid)?
                {
                    t.changes.notes.insert(record.into());
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The canonical bytes of these, as far as the server has them, and of what they are differences to.
async fn contents(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    wanted: &BTreeSet<RevisionId>,
) -> Result<BTreeMap<RevisionId, Vec<u8>>> {
    let mut opened: BTreeMap<RevisionId, Vec<u8>> = BTreeMap::new();
    let mut sealed: BTreeMap<RevisionId, Vec<Entry>> = BTreeMap::new();
    // How often each was asked for. What did not fit into an answer is asked for once more.
    let mut asked: BTreeMap<RevisionId, u32> = BTreeMap::new();
    let mut needed = wanted.clone();
    for _ in 0..MAX_ROUNDS {
        let times = |rid: &RevisionId| asked.get(rid).copied().unwrap_or(0);
        let open = needed.iter().copied().filter(|rid| !opened.contains_key(rid) && !sealed.contains_key(rid));
        let mut rids: Vec<RevisionId> = open.filter(|rid| times(rid) < 2).collect();
        rids.sort_by_key(times);
        rids.truncate(limits::MAX_FETCH);
        if rids.is_empty() {
            break;
        }
        // Also where packs are switched off: of what is old the server may have nothing else.
        let (space, packs) = (wire::SpaceId(vault.space().0), Some(true));
        let request = FetchRequest { space, rids: rids.iter().map(|rid| Rid(rid.0)).collect(), packs };
        let fetched = server.fetch(token, request).await?;
        let unpacked = Unpacked::of(vault, fetched.covered.as_ref())?;
        let outlines = fetched.covered.iter().flat_map(|covered| covered.outlines(&fetched.manifests)).flatten();
        let packed: Vec<RevisionId> = outlines.map(|outline| RevisionId(outline.rid.0)).collect();
        let answered = fetched.entries.iter().map(|e| RevisionId(e.entry.rid.0)).chain(packed.iter().copied());
        let last = answered.filter_map(|answered| rids.iter().position(|rid| *rid == answered)).max();
        for (n, rid) in rids.into_iter().enumerate() {
            *asked.entry(rid).or_default() += if last.is_none_or(|last| n <= last) { 2 } else { 1 };
        }
        for rid in packed {
            if let Some(bytes) = unpacked.get(rid) {
                opened.insert(rid, bytes.to_vec());
            }
        }
        for logged in fetched.entries.into_iter().filter(|logged| logged.entry.kind == EntryKind::Revision) {
            sealed.entry(RevisionId(logged.entry.rid.0)).or_default().push(logged.entry);
        }
        open_all(vault, &sealed, &mut opened, &mut needed)?;
    }
    Ok(opened)
}

/// Opens what can be, until nothing more does; what is missing for that is needed too.
fn open_all(
    vault: &Vault,
    sealed: &BTreeMap<RevisionId, Vec<Entry>>,
    opened: &mut BTreeMap<RevisionId, Vec<u8>>,
    needed: &mut BTreeSet<RevisionId>,
) -> Result<()> {
    loop {
        let before = opened.len();
        for (rid, entries) in sealed {
            for entry in entries {
                if opened.contains_key(rid) {
                    break;
                }
                match vault.read(|r| apply::open_on(vault, r, entry, opened))? {
                    Ok(bytes) => drop(opened.insert(*rid, bytes)),
                    Err(CryptoError::MissingParent { parent }) => drop(needed.insert(RevisionId(parent))),
                    Err(error) => tracing::debug!(%error, "a version that was fetched back does not open"),
                }
            }
        }
        if opened.len() == before {
            return Ok(());
        }
    }
}

impl Syncer {
    /// Brings the content of an old version back that was thinned on this computer. Nothing, where it is here.
    ///
    /// # Errors
    /// [`NotebookError::Thinned`] with why, where the server cannot be reached or does not have it; `NoServer`;
    /// `NotFound`; what else a request can fail with.
    pub async fn fetch_version(&self, id: NoteId, version: RevisionId) -> Result<()> {
        let vault = self.vault();
        let is_stub = |vault: &Vault| vault.read(|r| Ok(r.is_stub(version)?));
        if vault.read(|r| Ok(r.record_of(version)?))? != Some(id.into()) {
            return Err(NotebookError::NotFound { what: "version", id: version.to_string() });
        }
        if !is_stub(vault)? {
            return Ok(());
        }
        let account = vault.read(account::load)?.ok_or(NotebookError::NoServer)?;
        let token = account.token.ok_or(ProtocolError::Unauthorized)?;
        // A connection of its own: this may run on another thread than sync does.
        let server = (self.connect())(&account.address)?;
        match put_back(vault, &*server, &token, &[version].into()).await {
            Ok(()) if is_stub(vault)? => Err(NotebookError::Thinned { why: Some(WhyNotHere::NotOnServer) }),
            Err(NotebookError::Protocol(
                ProtocolError::NoNetwork
                | ProtocolError::Unreachable(_)
                | ProtocolError::Busy { .. }
                | ProtocolError::Server(_),
            )) => Err(NotebookError::Thinned { why: Some(WhyNotHere::NoAnswer) }),
            other => other,
        }
    }
}
