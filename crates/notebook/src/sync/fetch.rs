//! Asking for single entries: the parents of what came before them, and another variant of what does not open.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holdfast_crypto::CryptoError;
use holdfast_domain::{Revision, RevisionId};
use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, FetchRequest, Fetched, Hash, LogEntry, Outline, Rid, SyncProtocol, Token, batch_hash, body_hash,
    decode, limits,
};
use holdfast_store::{MAX_VARIANTS, QuarantineRow, Reader, Waiting};

use super::keys::newest_epoch;
use super::packs::{self, Unpacked};
use super::{apply, meta, pull, thinning, versions};
use crate::{Result, Vault};

/// An orphan's parent may be one too; so many generations are fetched at once.
const MAX_ROUNDS: usize = 8;
/// What the server did not have is asked for again when the log has grown, or after so long.
const AGAIN_MS: u64 = 3_600_000;

/// Fetches what set-aside entries wait for. Answers with the number of revisions that this brought. No request where
/// nothing waits, or where nothing can have changed since it was asked.
pub(super) async fn fetch(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<u32> {
    if !vault.read(|r| is_due(r, vault.env().now_ms()))? {
        return Ok(0);
    }
    // How often each was asked for. What did not fit into an answer is asked for once more, after the others.
    let mut asked: BTreeMap<Rid, u32> = BTreeMap::new();
    let mut new = 0;
    for _ in 0..MAX_ROUNDS {
        let wanted: BTreeSet<Rid> = vault.read(|r| wanted(vault, r))?.into_iter().collect();
        let times = |rid: &Rid| asked.get(rid).copied().unwrap_or(0);
        let mut rids: Vec<Rid> = wanted.into_iter().filter(|rid| times(rid) < 2).collect();
        rids.sort_by_key(times);
        rids.truncate(limits::MAX_FETCH);
        if rids.is_empty() {
            break;
        }
        let packs = vault.read(|r| packs::is_on(vault, r))?.then_some(true);
        let request = FetchRequest { space: wire::SpaceId(vault.space().0), rids: rids.clone(), packs };
        let fetched = server.fetch(token, request).await?;
        // It answers in order: what comes before its last entry it does not have.
        let outlines = fetched.covered.iter().flat_map(|covered| covered.outlines(&fetched.manifests)).flatten();
        let answered = fetched.entries.iter().map(|e| e.entry.rid).chain(outlines.map(|outline| outline.rid));
        let last = answered.filter_map(|answered| rids.iter().position(|rid| *rid == answered)).max();
        for (n, rid) in rids.into_iter().enumerate() {
            *asked.entry(rid).or_default() += if last.is_none_or(|last| n <= last) { 2 } else { 1 };
        }
        pull::check_signatures(vault, server, token, &fetched.manifests).await?;
        new += take(vault, &fetched)?;
    }
    new += fetch_contents(vault, server, token).await?;
    let now = vault.env().now_ms();
    vault.transact(|t| {
        let seq = t.tx.cursor()?.map_or(0, |cursor| cursor.seq);
        t.tx.put_u64(meta::FETCHED_SEQ, seq)?;
        Ok(t.tx.put_u64(meta::FETCHED_MS, now)?)
    })?;
    Ok(new)
}

/// Fetches the contents that were thinned here and that set-aside entries build on, and takes those in.
async fn fetch_contents(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<u32> {
    let (mut new, mut asked) = (0, BTreeSet::new());
    loop {
        let mut wanted = vault.read(|r| thinned_wanted(vault, r))?;
        wanted.retain(|rid| asked.insert(*rid));
        if wanted.is_empty() || crate::planted("thinned-not-fetched") {
            break;
        }
        versions::put_back(vault, server, token, &wanted).await?;
        new += vault.transact(|t| {
            t.changes.from_sync = true;
            let mut taken = apply::Taken::default();
            apply::retry_quarantined(t, &mut taken)?;
            Ok(taken.new)
        })?;
    }
    if asked.is_empty() || vault.read(|r| thinned_wanted(vault, r))?.is_empty() {
        return Ok(new);
    }
    new += vault.transact(|t| {
        t.changes.from_sync = true;
        let mut taken = apply::Taken { nowhere: true, ..apply::Taken::default() };
        apply::retry_quarantined(t, &mut taken)?;
        Ok(taken.new)
    })?;
    Ok(new)
}

/// The versions whose contents set-aside entries need. Also those of a removed computer: a person may take them over.
pub(super) fn thinned_wanted(vault: &Vault, reader: &Reader<'_>) -> Result<BTreeSet<RevisionId>> {
    let mut out = BTreeSet::new();
    for row in reader.list_quarantine()? {
        if !matches!(row.waiting, Waiting::Content | Waiting::Removed) {
            continue;
        }
        let Ok(logged) = decode::<LogEntry>(&row.bytes) else { continue };
        match apply::open(vault, reader, &logged.entry)? {
            Err(CryptoError::MissingParent { parent }) if reader.is_stub(RevisionId(parent))? => {
                out.insert(RevisionId(parent));
            }
            Err(_) => {}
            Ok(bytes) => {
                if let Ok(revision) = Revision::decode(&bytes)
                    && reader.missing_parents(&revision)?.is_empty()
                {
                    out.extend(thinning::lacking(vault, reader, Some((row.rid, &revision)), revision.record)?);
                }
            }
        }
    }
    Ok(out)
}

/// What waits for a key or for a newer program is looked at again where there is another one than at the last look.
/// Answers with the number of revisions that this brought.
pub(super) fn look_again(vault: &Vault) -> Result<u32> {
    let older = if vault.env().is_older() { " older" } else { "" };
    let by = format!("{} {}{older}", env!("CARGO_PKG_VERSION"), newest_epoch(vault)?.epoch);
    if vault.read(|r| Ok(r.get_meta(meta::LOOKED_BY)?))?.as_deref() == Some(by.as_bytes()) {
        return Ok(0);
    }
    vault.transact(|t| {
        t.changes.from_sync = true;
        let mut taken = apply::Taken::default();
        apply::retry_quarantined(t, &mut taken)?;
        t.tx.put_meta(meta::LOOKED_BY, by.as_bytes())?;
        Ok(taken.new)
    })
}

fn is_due(reader: &Reader<'_>, now_ms: u64) -> Result<bool> {
    if reader.quarantine_len()? == 0 {
        return Ok(false);
    }
    let (seq, ms) = (reader.get_u64(meta::FETCHED_SEQ)?, reader.get_u64(meta::FETCHED_MS)?.unwrap_or(0));
    let at = reader.cursor()?.map_or(0, |cursor| cursor.seq);
    Ok(seq != Some(at) || now_ms < ms || now_ms - ms >= AGAIN_MS)
}

/// The ids that set-aside entries wait for.
fn wanted(vault: &Vault, reader: &Reader<'_>) -> Result<Vec<Rid>> {
    let rows = reader.list_quarantine()?;
    let aside: BTreeSet<RevisionId> = rows.iter().map(|row| row.rid).collect();
    let mut variants: BTreeMap<RevisionId, u64> = BTreeMap::new();
    for row in &rows {
        *variants.entry(row.rid).or_default() += 1;
    }
    let mut out = Vec::new();
    for row in &rows {
        // Whatever these seem to be: there may have been others that were left out.
        let full = variants[&row.rid] >= MAX_VARIANTS;
        match row.waiting {
            Waiting::Removed | Waiting::Decided => {}
            _ if full => out.push(Rid(row.rid.0)),
            Waiting::Variant | Waiting::Anything if crate::planted("variants-not-fetched") => {}
            Waiting::Variant | Waiting::Anything => out.push(Rid(row.rid.0)),
            Waiting::Parent => {
                let parents = missing_parents(vault, reader, row)?;
                out.extend(parents.into_iter().filter(|parent| !aside.contains(parent)).map(|parent| Rid(parent.0)));
            }
            // Of versions that are here: see `thinned_wanted`.
            Waiting::Content | Waiting::Key | Waiting::Program => {}
        }
    }
    Ok(out)
}

fn missing_parents(vault: &Vault, reader: &Reader<'_>, row: &QuarantineRow) -> Result<Vec<RevisionId>> {
    let Ok(logged) = decode::<LogEntry>(&row.bytes) else { return Ok(Vec::new()) };
    let bytes = match apply::open(vault, reader, &logged.entry)? {
        Ok(bytes) => bytes,
        // Its body is a difference to a version that is not here.
        Err(CryptoError::MissingParent { parent }) => return Ok(vec![RevisionId(parent)]),
        Err(_) => return Ok(Vec::new()),
    };
    match Revision::decode(&bytes) {
        Ok(revision) => Ok(reader.missing_parents(&revision)?),
        Err(_) => Ok(Vec::new()),
    }
}

/// Takes over what came. Its place in the log is the server's word alone: it counts as in no log until it is read there.
fn take(vault: &Vault, fetched: &Fetched) -> Result<u32> {
    let unpacked = Unpacked::of(vault, fetched.covered.as_ref())?;
    let manifests: HashMap<Hash, &BatchManifest> = fetched.manifests.iter().map(|m| (batch_hash(m), m)).collect();
    vault.transact(|t| {
        t.changes.from_sync = true;
        let known: HashMap<(RevisionId, [u8; 32]), u64> =
            t.tx.list_quarantine()?.into_iter().map(|row| ((row.rid, row.body_hash), row.seq)).collect();
        let mut taken = apply::Taken::default();
        for logged in &fetched.entries {
            let Some(manifest) = manifests.get(&logged.batch).filter(|m| m.rids.contains(&logged.entry.rid)) else {
                continue;
            };
            apply::keep_manifest(t, manifest)?;
            let key = (RevisionId(logged.entry.rid.0), body_hash(&logged.entry.body).0);
            let logged = LogEntry { seq: known.get(&key).copied().unwrap_or(0), ..logged.clone() };
            apply::take(t, &logged, manifest, apply::Vouched::No, &mut taken)?;
        }
        // What the server has in a pack only. One that no pack has, it need not say again.
        for outline in fetched.covered.iter().flat_map(|covered| covered.outlines(&fetched.manifests)) {
            let Some(outline) = outline.ok().filter(|outline| unpacked.get(RevisionId(outline.rid.0)).is_some()) else {
                continue;
            };
            let Some(manifest) = manifests.get(&outline.batch) else { continue };
            apply::keep_manifest(t, manifest)?;
            let key = (RevisionId(outline.rid.0), outline.body.0);
            let outline = Outline { seq: known.get(&key).copied().unwrap_or(0), ..outline };
            apply::take_outline(t, &outline, manifest, &unpacked, &mut taken)?;
        }
        if taken.new > 0 {
            apply::retry_quarantined(t, &mut taken)?;
        }
        Ok(taken.new)
    })
}
