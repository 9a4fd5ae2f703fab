//! The hash chain over a space's log, and its verifier.

use std::collections::HashMap;

use thiserror::Error;

use crate::{BatchManifest, EntryKind, Hash, LogHead, LogPage, Outline, Rid, SpaceId, batch_hash};

const LINK_DOMAIN: &[u8] = b"holdfast/v1/link";
const BODY_DOMAIN: &[u8] = b"holdfast/v1/body";
const KEYS_DOMAIN: &[u8] = b"holdfast/v1/account-keys";

/// A hasher that has taken in a domain, preceded by its length: no two formats hash the same bytes.
pub(crate) fn hasher(domain: &[u8]) -> blake3::Hasher {
    debug_assert!(domain.len() < 256);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[domain.len() as u8]).update(domain);
    hasher
}

/// The hash of an entry's sealed body, as links and the check for duplicates use it.
pub fn body_hash(body: &[u8]) -> Hash {
    Hash(*hasher(BODY_DOMAIN).update(body).finalize().as_bytes())
}

/// Names an account's sealed keys, so that both ends can tell whether they have the same.
pub fn keys_hash(keys: &[u8]) -> Hash {
    Hash(*hasher(KEYS_DOMAIN).update(keys).finalize().as_bytes())
}

/// The link at `seq`: commits to the whole log up to there. All fields have fixed lengths; numbers are
/// big-endian. `prev` is the link at `seq - 1`, [`Hash::ZERO`] before the first.
#[allow(clippy::too_many_arguments)] // one argument for each field of the format
pub fn link(
    space: SpaceId,
    log_epoch: u64,
    seq: u64,
    prev: Hash,
    kind: EntryKind,
    rid: Rid,
    key_epoch: u32,
    body_hash: Hash,
    batch: Hash,
) -> Hash {
    let mut hasher = hasher(LINK_DOMAIN);
    hasher
        .update(&space.0)
        .update(&log_epoch.to_be_bytes())
        .update(&seq.to_be_bytes())
        .update(&prev.0)
        .update(&[kind as u8])
        .update(&rid.0)
        .update(&key_epoch.to_be_bytes())
        .update(&body_hash.0)
        .update(&batch.0);
    Hash(*hasher.finalize().as_bytes())
}

/// Why a page does not continue the log. All of them mean a broken or hostile server.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ChainError {
    #[error("the page is of another log")]
    OtherLog,
    #[error("entry {found} came where {expected} was due")]
    Gap { expected: u64, found: u64 },
    /// The head is behind what was read before, or ahead of an empty page.
    #[error("the log ends at {head}, but it was read up to {read}")]
    WrongEnd { read: u64, head: u64 },
    #[error("the link at {seq} is not the one that the entries give")]
    BrokenLink { seq: u64 },
    #[error("entry {seq} came without its batch")]
    UnknownBatch { seq: u64 },
    /// The manifest is of another space, does not list the entry, or is one that no entry names.
    #[error("entry {seq} is not in the batch that it names")]
    BadManifest { seq: u64 },
}

/// A place in a space's log, and the check that each page continues it.
///
/// **Invariant:** `link` commits to every entry that was fed. It is compared with the server's whenever a page
/// reaches the head; before that, a page is as trustworthy as the seals in it. Signatures are checked apart,
/// with [`verify`](crate::verify()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkChain {
    space: SpaceId,
    position: LogHead,
}

impl LinkChain {
    /// Before the first entry of whatever log there is.
    pub fn start(space: SpaceId) -> Self {
        Self::at(space, LogHead { log_epoch: 0, seq: 0, link: Hash::ZERO })
    }

    /// After an entry that was read before.
    pub fn at(space: SpaceId, position: LogHead) -> Self {
        Self { space, position }
    }

    pub fn position(&self) -> LogHead {
        self.position
    }

    /// Takes in a page whole, or fails and stays where it was.
    pub fn feed(&mut self, page: &LogPage) -> Result<LogHead, ChainError> {
        self.feed_links(page, &mut Vec::new())
    }

    /// As [`feed`](Self::feed); `links` gets the link after each entry.
    pub fn feed_links(&mut self, page: &LogPage, links: &mut Vec<Hash>) -> Result<LogHead, ChainError> {
        let mut at = self.position;
        if (at.seq, at.log_epoch) == (0, 0) {
            at.log_epoch = page.log_epoch;
        }
        if page.log_epoch != at.log_epoch || page.head.log_epoch != at.log_epoch {
            return Err(ChainError::OtherLog);
        }
        let manifests = ManifestIndex::new(self.space, &page.manifests);
        for item in page.items()? {
            let seq = at.seq.checked_add(1).ok_or(ChainError::OtherLog)?;
            if item.seq() != seq {
                return Err(ChainError::Gap { expected: seq, found: item.seq() });
            }
            let Outline { kind, rid, key_epoch, body, batch, .. } = item.outline();
            manifests.check(seq, batch, rid)?;
            let link = link(self.space, at.log_epoch, seq, at.link, kind, rid, key_epoch, body, batch);
            at = LogHead { seq, link, ..at };
            links.push(link);
        }
        let stalled = page.is_empty() && page.head.seq != at.seq;
        if page.head.seq < at.seq || stalled {
            return Err(ChainError::WrongEnd { read: at.seq, head: page.head.seq });
        }
        if page.head.seq == at.seq && page.head.link != at.link {
            return Err(ChainError::BrokenLink { seq: at.seq });
        }
        self.position = at;
        Ok(at)
    }
}

/// The manifests of a page by their hash, each with its ids for looking up.
struct ManifestIndex<'a> {
    space: SpaceId,
    by_hash: HashMap<Hash, (&'a BatchManifest, std::collections::HashSet<Rid>)>,
}

impl<'a> ManifestIndex<'a> {
    fn new(space: SpaceId, manifests: &'a [BatchManifest]) -> Self {
        let by_hash = manifests.iter().map(|m| (batch_hash(m), (m, m.rids.iter().copied().collect()))).collect();
        Self { space, by_hash }
    }

    fn check(&self, seq: u64, batch: Hash, rid: Rid) -> Result<(), ChainError> {
        let (manifest, rids) = self.by_hash.get(&batch).ok_or(ChainError::UnknownBatch { seq })?;
        if manifest.space == self.space && rids.contains(&rid) { Ok(()) } else { Err(ChainError::BadManifest { seq }) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{DeviceId, Entry, LogEntry, Seen};

    const SPACE: SpaceId = SpaceId([1; 16]);

    fn entry(n: u8) -> Entry {
        Entry { kind: EntryKind::Revision, rid: Rid([n; 32]), key_epoch: 1, body: vec![n; 10] }
    }

    /// A log of `count` entries in one batch, and the link after each.
    fn log(count: u8) -> (LogPage, Vec<Hash>) {
        let seen = Seen { log_epoch: 0, seq: 0, link: Hash::ZERO, members: Hash::ZERO };
        let rids = (1..=count).map(|n| Rid([n; 32])).collect();
        let manifest = BatchManifest {
            space: SPACE,
            device: DeviceId([2; 16]),
            ctr: 1,
            prev: Hash::ZERO,
            seen,
            rids,
            heirs: Vec::new(),
            state: None,
            mark: None,
            signature: [0; 64],
        };
        let batch = batch_hash(&manifest);
        let mut links = vec![Hash::ZERO];
        let mut entries = Vec::new();
        for n in 1..=count {
            let e = entry(n);
            let prev = links[links.len() - 1];
            links.push(link(SPACE, 7, u64::from(n), prev, e.kind, e.rid, e.key_epoch, body_hash(&e.body), batch));
            entries.push(LogEntry { seq: u64::from(n), entry: e, batch });
        }
        let head = LogHead { log_epoch: 7, seq: u64::from(count), link: links[usize::from(count)] };
        (
            LogPage {
                log_epoch: 7,
                entries,
                manifests: vec![manifest],
                head,
                keys: None,
                login_salt: None,
                covered: None,
                may_pack: None,
                may_release: None,
            },
            links,
        )
    }

    #[test]
    fn a_true_log_passes_whole_and_in_pages() {
        let (page, links) = log(4);
        let mut chain = LinkChain::start(SPACE);
        assert_eq!(chain.feed(&page), Ok(page.head));

        let mut chain = LinkChain::start(SPACE);
        let first = LogPage { entries: page.entries[..2].to_vec(), ..page.clone() };
        assert_eq!(chain.feed(&first).unwrap().link, links[2]);
        let second = LogPage { entries: page.entries[2..].to_vec(), ..page.clone() };
        assert_eq!(chain.feed(&second), Ok(page.head));
        let empty = LogPage { entries: vec![], manifests: vec![], ..page.clone() };
        assert_eq!(chain.feed(&empty), Ok(page.head));
    }

    #[test]
    fn every_fault_is_named_and_moves_nothing() {
        type Fault = fn(&mut LogPage);
        let faults: [(Fault, ChainError); 11] = [
            (|p| drop(p.entries.remove(1)), ChainError::Gap { expected: 2, found: 3 }),
            (|p| p.entries.swap(0, 1), ChainError::Gap { expected: 1, found: 2 }),
            (|p| p.entries[1].entry.body[0] ^= 1, ChainError::BrokenLink { seq: 3 }),
            (|p| p.entries[1].entry.key_epoch = 9, ChainError::BrokenLink { seq: 3 }),
            (|p| p.head.link.0[0] ^= 1, ChainError::BrokenLink { seq: 3 }),
            (|p| p.manifests.clear(), ChainError::UnknownBatch { seq: 1 }),
            (|p| p.manifests[0].ctr = 2, ChainError::UnknownBatch { seq: 1 }),
            (|p| p.entries[2].entry.rid.0[0] ^= 1, ChainError::BadManifest { seq: 3 }),
            (|p| p.head.log_epoch = 8, ChainError::OtherLog),
            (|p| p.entries.clear(), ChainError::WrongEnd { read: 0, head: 3 }),
            (|p| p.head.seq = 2, ChainError::WrongEnd { read: 3, head: 2 }),
        ];
        for (fault, expected) in faults {
            let (mut page, _) = log(3);
            fault(&mut page);
            let mut chain = LinkChain::start(SPACE);
            assert_eq!(chain.feed(&page), Err(expected));
            assert_eq!(chain, LinkChain::start(SPACE));
        }
    }

    /// The page without these bodies.
    fn bare(page: &LogPage, which: std::ops::Range<usize>) -> LogPage {
        let gone = &page.entries[which.clone()];
        let run = crate::Run {
            seq: gone[0].seq,
            kind: EntryKind::Revision,
            key_epoch: 1,
            batch: gone[0].batch,
            first: which.start as u32,
            bodies: gone.iter().map(|logged| body_hash(&logged.entry.body)).collect(),
        };
        let mut page = page.clone();
        page.entries.drain(which);
        page.covered = Some(crate::Covered { runs: vec![run], packs: Vec::new() });
        page
    }

    #[test]
    fn a_page_without_bodies_gives_the_same_links() {
        type Fault = fn(&mut crate::Run);
        let (page, links) = log(4);
        for which in [0..1, 1..3, 3..4, 0..4] {
            let mut found = Vec::new();
            let bare = bare(&page, which);
            assert_eq!(LinkChain::start(SPACE).feed_links(&bare, &mut found), Ok(page.head));
            assert_eq!(found, links[1..]);
            assert_eq!(bare.len(), 4);
        }
        let faults: [(Fault, ChainError); 6] = [
            (|run| run.bodies[0].0[0] ^= 1, ChainError::BrokenLink { seq: 4 }),
            (|run| run.key_epoch = 9, ChainError::BrokenLink { seq: 4 }),
            (|run| run.seq += 1, ChainError::Gap { expected: 2, found: 3 }),
            (|run| run.first = 0, ChainError::BrokenLink { seq: 4 }),
            (|run| run.first = u32::MAX, ChainError::BadManifest { seq: 2 }),
            (|run| run.batch.0[0] ^= 1, ChainError::UnknownBatch { seq: 2 }),
        ];
        for (fault, expected) in faults {
            let mut bare = bare(&page, 1..3);
            fault(&mut bare.covered.as_mut().unwrap().runs[0]);
            assert_eq!(LinkChain::start(SPACE).feed(&bare), Err(expected));
        }
        let mut far = bare(&page, 1..3);
        far.covered.as_mut().unwrap().runs[0].seq = u64::MAX;
        assert!(LinkChain::start(SPACE).feed(&far).is_err());
    }

    #[test]
    fn a_manifest_of_another_space_is_refused() {
        let (mut page, _) = log(1);
        page.manifests[0].space = SpaceId([9; 16]);
        page.entries[0].batch = batch_hash(&page.manifests[0]);
        assert_eq!(LinkChain::start(SPACE).feed(&page), Err(ChainError::BadManifest { seq: 1 }));
    }

    #[test]
    fn another_epoch_is_another_log() {
        let (page, links) = log(2);
        let mut chain = LinkChain::at(SPACE, LogHead { log_epoch: 6, seq: 1, link: links[1] });
        assert_eq!(chain.feed(&page), Err(ChainError::OtherLog));
    }

    #[test]
    fn link_vector() {
        let made = link(
            SpaceId([1; 16]),
            2,
            3,
            Hash([4; 32]),
            EntryKind::Revision,
            Rid([5; 32]),
            6,
            body_hash(b"sealed"),
            Hash([7; 32]),
        );
        assert_eq!(
            body_hash(b"sealed").to_string(),
            "63d0ea7e68c70251afd9a3ab5efc8486aadd31e68b5d25f510563b58c0edfbc5"
        );
        assert_eq!(made.to_string(), "9a0c71cd9a164c25f130818713c69197efb95598b48579182709274f58dd0d2e");
    }
}
