//! Packs: entries of the log that hold many of its revisions again, compressed together. What a pack covers stands in
//! the clear before its seal, because the server has to know it.
//!
//! ```text
//! body of a pack: version 1 | log_epoch u64 | from u64 | from_link 32 | to u64 | to_link 32 | sealed
//! ```

use crate::limits::MAX_PACK_ENTRIES;
use crate::link::hasher;
use crate::{BatchManifest, ChainError, EntryKind, Hash, LogEntry, LogPage, Rid, SpaceId, batch_hash, body_hash};

const PACK_DOMAIN: &[u8] = b"holdfast/v1/pack";
const VERSION: u8 = 1;

/// The part of a log that a pack covers: every revision behind `from`, up to and with `to`.
///
/// **Invariant:** it holds at least one position and at most [`MAX_PACK_ENTRIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackRange {
    log_epoch: u64,
    from: (u64, Hash),
    to: (u64, Hash),
}

impl PackRange {
    /// The length of [`PackRange::to_bytes`].
    pub const BYTES: usize = 88;

    /// Both ends with the links there. `None` where it would hold nothing, or too much.
    pub fn new(log_epoch: u64, from: (u64, Hash), to: (u64, Hash)) -> Option<Self> {
        let length = to.0.checked_sub(from.0).filter(|length| (1..=MAX_PACK_ENTRIES as u64).contains(length));
        length.map(|_| Self { log_epoch, from, to })
    }

    pub fn log_epoch(&self) -> u64 {
        self.log_epoch
    }

    /// The position before the first that is covered, and the link there.
    pub fn from(&self) -> (u64, Hash) {
        self.from
    }

    /// The last position that is covered, and the link there.
    pub fn to(&self) -> (u64, Hash) {
        self.to
    }

    pub fn holds(&self, seq: u64) -> bool {
        self.from.0 < seq && seq <= self.to.0
    }

    /// In fixed lengths: it goes into the seal's key and associated data.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.log_epoch.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.from.0.to_be_bytes());
        bytes[16..48].copy_from_slice(&self.from.1.0);
        bytes[48..56].copy_from_slice(&self.to.0.to_be_bytes());
        bytes[56..].copy_from_slice(&self.to.1.0);
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (log_epoch, rest) = bytes.split_first_chunk::<8>()?;
        let (from, rest) = rest.split_first_chunk::<8>()?;
        let (from_link, rest) = rest.split_first_chunk::<32>()?;
        let (to, to_link) = rest.split_first_chunk::<8>()?;
        let (from, to) = (u64::from_be_bytes(*from), u64::from_be_bytes(*to));
        let to_link = Hash(to_link.try_into().ok()?);
        Self::new(u64::from_be_bytes(*log_epoch), (from, Hash(*from_link)), (to, to_link))
    }

    /// The id of the entry: two devices that pack the same range make one.
    pub fn rid(&self, space: SpaceId) -> Rid {
        Rid(*hasher(PACK_DOMAIN).update(&space.0).update(&self.to_bytes()).finalize().as_bytes())
    }

    /// The body of the entry.
    pub fn body(&self, sealed: &[u8]) -> Vec<u8> {
        [&[VERSION][..], &self.to_bytes(), sealed].concat()
    }

    /// The range and the sealed bytes of a pack's body. `None` where it is none of this version.
    pub fn of_body(body: &[u8]) -> Option<(Self, &[u8])> {
        let (&version, rest) = body.split_first()?;
        let (range, sealed) = rest.split_first_chunk::<{ Self::BYTES }>()?;
        Self::from_bytes(range).filter(|_| version == VERSION).map(|range| (range, sealed))
    }
}

/// Entries that follow each other in the log and in their batch, without their bodies: those are in a pack, or nobody
/// needs them. What goes into their links is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the first stands in the log.
    pub seq: u64,
    pub kind: EntryKind,
    pub key_epoch: u32,
    pub batch: Hash,
    /// Where the first stands in the batch's list of ids.
    pub first: u32,
    /// The hash of each body.
    pub bodies: Vec<Hash>,
}

/// A pack as it is sent along with what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Where the pack itself stands in the log.
    pub seq: u64,
    pub key_epoch: u32,
    pub body: Vec<u8>,
}

/// What comes without bodies, and the packs that cover it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    pub runs: Vec<Run>,
    pub packs: Vec<Packed>,
}

impl Covered {
    /// How many entries it stands for.
    pub fn entries(&self) -> usize {
        self.runs.iter().map(|run| run.bodies.len()).sum()
    }

    /// Each of the entries, in order, with its id from the batch that it names.
    pub fn outlines<'p>(
        &'p self,
        manifests: &'p [BatchManifest],
    ) -> impl Iterator<Item = Result<Outline, ChainError>> + 'p {
        let by_hash: std::collections::HashMap<Hash, &BatchManifest> =
            manifests.iter().map(|manifest| (batch_hash(manifest), manifest)).collect();
        self.runs.iter().flat_map(move |run| {
            let manifest = by_hash.get(&run.batch).copied();
            run.bodies.iter().enumerate().map(move |(n, body)| {
                let seq = run.seq.saturating_add(n as u64);
                let manifest = manifest.ok_or(ChainError::UnknownBatch { seq })?;
                let at = (run.first as usize).saturating_add(n);
                let rid = *manifest.rids.get(at).ok_or(ChainError::BadManifest { seq })?;
                let Run { kind, key_epoch, batch, .. } = *run;
                Ok(Outline { seq, kind, rid, key_epoch, body: *body, batch })
            })
        })
    }
}

/// An entry of the log with the hash of its body in the place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    pub seq: u64,
    pub kind: EntryKind,
    pub rid: Rid,
    pub key_epoch: u32,
    pub body: Hash,
    pub batch: Hash,
}

/// An entry of a page.
#[derive(Clone, Copy, Debug)]
pub enum Item<'p> {
    Whole(&'p LogEntry),
    Outline(Outline),
}

impl Item<'_> {
    pub fn outline(&self) -> Outline {
        match self {
            Self::Outline(outline) => *outline,
            Self::Whole(LogEntry { seq, entry, batch }) => Outline {
                seq: *seq,
                kind: entry.kind,
                rid: entry.rid,
                key_epoch: entry.key_epoch,
                body: body_hash(&entry.body),
                batch: *batch,
            },
        }
    }

    pub fn seq(&self) -> u64 {
        match self {
            Self::Whole(logged) => logged.seq,
            Self::Outline(outline) => outline.seq,
        }
    }
}

impl LogPage {
    /// Its entries in the order of the log, with and without bodies.
    pub fn items(&self) -> Result<Vec<Item<'_>>, ChainError> {
        let mut items: Vec<Item<'_>> = self.entries.iter().map(Item::Whole).collect();
        if let Some(covered) = self.covered.as_ref().filter(|covered| !covered.runs.is_empty()) {
            for outline in covered.outlines(&self.manifests) {
                items.push(Item::Outline(outline?));
            }
            items.sort_by_key(Item::seq);
        }
        Ok(items)
    }

    /// How many positions of the log it is about.
    pub fn len(&self) -> usize {
        self.entries.len() + self.covered.as_ref().map_or(0, Covered::entries)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn range() -> PackRange {
        PackRange::new(1, (4096, Hash([2; 32])), (8192, Hash([3; 32]))).unwrap()
    }

    /// Every device must name the same range alike, for ever.
    #[test]
    fn vector() {
        let rid = range().rid(SpaceId([1; 16]));
        let body = range().body(&[9, 9]);
        assert_eq!(rid.to_string(), "0b6f9d6c77ba5f49b95b76c09f0a938d7424e5169754024508751a4de46459bb");
        assert_eq!(body_hash(&body).to_string(), "5930cb1eb351dc771ec495f0fda5844c665d3c8b99d5683335e3280fe0104dcb");
        assert_eq!(body.len(), 1 + PackRange::BYTES + 2);
        assert_eq!(PackRange::of_body(&body), Some((range(), &[9, 9][..])));
    }

    #[test]
    fn what_is_no_range_is_none() {
        let (a, b) = (Hash([2; 32]), Hash([3; 32]));
        assert!(PackRange::new(1, (5, a), (5, b)).is_none());
        assert!(PackRange::new(1, (6, a), (5, b)).is_none());
        assert!(PackRange::new(1, (0, a), (MAX_PACK_ENTRIES as u64 + 1, b)).is_none());
        assert!(PackRange::new(1, (0, a), (MAX_PACK_ENTRIES as u64, b)).is_some());
        let body = range().body(&[]);
        assert!(PackRange::of_body(&body[..body.len() - 1]).is_none());
        assert!(PackRange::of_body(&[&[2][..], &body[1..]].concat()).is_none());
        let mut backwards = body.clone();
        backwards[9] = 0xff;
        assert!(PackRange::of_body(&backwards).is_none());
        assert!(PackRange::of_body(&[]).is_none());
        assert_eq!(PackRange::of_body(&body), Some((range(), &[][..])));
    }

    #[test]
    fn every_part_of_a_range_is_in_its_id() {
        let space = SpaceId([1; 16]);
        let mut ids = std::collections::BTreeSet::from([range().rid(space), range().rid(SpaceId([2; 16]))]);
        for other in [
            PackRange::new(2, range().from, range().to),
            PackRange::new(1, (4097, range().from.1), range().to),
            PackRange::new(1, (4096, Hash([4; 32])), range().to),
            PackRange::new(1, range().from, (8191, range().to.1)),
            PackRange::new(1, range().from, (8192, Hash([4; 32]))),
        ] {
            ids.insert(other.unwrap().rid(space));
        }
        assert_eq!(ids.len(), 7);
    }
}
