//! Comparing what the devices make of the log. Now and then a batch says, under its signature, what its device has
//! where it had read up to: a keyed hash of every record's heads there. Whoever reads the batch has read that far too,
//! and makes the same hash, at any later time.
//!
//! Where they differ, one of the two lacks something. The reader reads the log again from its beginning and sends what
//! the log lacks; if they still differ it says so, and the other finds out by the reader's next batch.

use holdfast_crypto::state_id;
use holdfast_domain::DeviceId;
use holdfast_protocol::{BatchManifest, Hash};
use holdfast_store::{Cursor, Reader};

use super::activity::{self, Happened, Line};
use super::{heal, meta};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// So often a batch says it, in milliseconds. It costs a look at every record.
const EVERY_MS: u64 = 3_600_000;

/// With whom this device disagrees about the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Disagreement {
    device: DeviceId,
    /// Where in the log.
    log_epoch: u64,
    seq: u64,
    /// What the other has there.
    state: Hash,
    /// The log was read again, and they still disagree.
    stays: bool,
}

const BYTES: usize = 16 + 8 + 8 + 32 + 1;

impl Disagreement {
    fn to_bytes(self) -> Vec<u8> {
        let (epoch, seq) = (self.log_epoch.to_be_bytes(), self.seq.to_be_bytes());
        [self.device.0.as_slice(), &epoch, &seq, &self.state.0, &[u8::from(self.stays)]].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        let (device, rest) = bytes.split_first_chunk::<16>()?;
        let (epoch, rest) = rest.split_first_chunk::<8>()?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let (state, stays) = rest.split_first_chunk::<32>()?;
        Some(Self {
            device: DeviceId(*device),
            log_epoch: u64::from_be_bytes(*epoch),
            seq: u64::from_be_bytes(*seq),
            state: Hash(*state),
            stays: stays == [1],
        })
    }
}

fn load(reader: &Reader<'_>) -> Result<Option<Disagreement>> {
    let Some(bytes) = reader.get_meta(meta::DISAGREES)? else { return Ok(None) };
    let read = Disagreement::from_bytes(&bytes);
    read.map(Some).ok_or_else(|| NotebookError::Damaged("a disagreement cannot be read".into()))
}

/// What this device has of the log up to a place. `None` where that cannot be said: something is set aside, or the log
/// is being compared, or it is not known of each revision whether the log holds it (a vault of an earlier version).
fn state_at(vault: &Vault, reader: &Reader<'_>, seq: u64) -> Result<Option<Hash>> {
    if reader.quarantine_len()? > 0 || reader.count_not_in_log()? > 0 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    for (record, rid) in reader.heads_at(seq)? {
        bytes.extend_from_slice(&record.0);
        bytes.extend_from_slice(&rid.0);
    }
    vault.with_space_keys(|keys| Ok(Some(Hash(state_id(keys.current_id_key().1, &bytes)))))
}

/// What the next batch says, if it is time to say something. `cursor` is what the batch names as seen.
pub(super) fn due(t: &Txn<'_>, cursor: Cursor) -> Result<Option<Hash>> {
    let last = t.tx.get_u64(meta::DIGEST_MS)?;
    let early = last.is_some_and(|last| t.now_ms >= last && t.now_ms - last < EVERY_MS);
    if early || cursor.seq == 0 {
        return Ok(None);
    }
    let state = state_at(t.vault, t.reader(), cursor.seq)?;
    if state.is_some() {
        t.tx.put_u64(meta::DIGEST_MS, t.now_ms)?;
    }
    Ok(state)
}

/// Compares with what these batches say. Where one differs the log will be read again.
pub(super) fn compare(t: &mut Txn<'_>, manifests: &[BatchManifest]) -> Result<()> {
    let Some(cursor) = t.tx.cursor()? else { return Ok(()) };
    if crate::planted("digest-not-compared") {
        return Ok(());
    }
    if heal::is_healing(t.reader())? {
        return Ok(());
    }
    let known = load(t.reader())?;
    for manifest in manifests.iter().filter(|m| m.device.0 != t.vault.device().0) {
        let (Some(state), seen) = (manifest.state, manifest.seen) else { continue };
        if seen.log_epoch != cursor.log_epoch || seen.seq > cursor.seq {
            continue;
        }
        let Some(mine) = state_at(t.vault, t.reader(), seen.seq)? else { continue };
        let device = DeviceId(manifest.device.0);
        if mine == state {
            if known.is_some_and(|known| known.device == device) {
                agree_again(t, device)?;
            }
            continue;
        }
        if known.is_some_and(|known| known.device == device && known.stays) {
            // It was said, and reading again did not help here: it is the other's turn.
            continue;
        }
        tracing::warn!(seq = seen.seq, "what another device has of the log differs");
        let (log_epoch, seq) = (seen.log_epoch, seen.seq);
        let found = Disagreement { device, log_epoch, seq, state, stays: false };
        t.tx.put_meta(meta::DISAGREES, &found.to_bytes())?;
        return heal::read_again(t);
    }
    Ok(())
}

/// The log was read again to its end. True where it was because of a disagreement.
pub(super) fn was_read_again(t: &mut Txn<'_>) -> Result<bool> {
    let Some(found) = load(t.reader())?.filter(|found| !found.stays) else { return Ok(false) };
    let cursor = t.tx.cursor()?;
    if cursor.is_none_or(|cursor| cursor.log_epoch != found.log_epoch) {
        // The server was restored meanwhile: there is nothing to compare any more.
        t.tx.remove_meta(meta::DISAGREES)?;
        return Ok(false);
    }
    if state_at(t.vault, t.reader(), found.seq)? == Some(found.state) {
        agree_again(t, found.device)?;
        return Ok(true);
    }
    t.tx.put_meta(meta::DISAGREES, &Disagreement { stays: true, ..found }.to_bytes())?;
    // The other one is told by the next batch.
    t.tx.remove_meta(meta::DIGEST_MS)?;
    let name = name(t, found.device)?;
    tell(t, format!("This computer and {name} disagree about the notes; reading everything again did not help"))?;
    Ok(true)
}

fn agree_again(t: &mut Txn<'_>, device: DeviceId) -> Result<()> {
    t.tx.remove_meta(meta::DISAGREES)?;
    let name = name(t, device)?;
    tell(t, format!("This computer and {name} disagreed about the notes, and agree again"))
}

fn name(t: &Txn<'_>, device: DeviceId) -> Result<String> {
    Ok(t.tx.device(device)?.map_or_else(|| "another computer".to_owned(), |row| row.name))
}

fn tell(t: &mut Txn<'_>, message: String) -> Result<()> {
    activity::write(t, &Line::new(Happened::Compared, message))
}

impl Vault {
    /// The computer with which this one disagrees about the log, where reading it again did not help: a problem to be
    /// shown until they agree again.
    pub fn disagrees_with(&self) -> Result<Option<DeviceId>> {
        self.read(|r| Ok(load(r)?.filter(|found| found.stays).map(|found| found.device)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_disagreement_reads_as_it_was_written() {
        for stays in [false, true] {
            let found = Disagreement { device: DeviceId([1; 16]), log_epoch: 2, seq: 3, state: Hash([4; 32]), stays };
            assert_eq!(Disagreement::from_bytes(&found.to_bytes()), Some(found));
        }
        assert_eq!(Disagreement::from_bytes(&[0; 3]), None);
    }
}
