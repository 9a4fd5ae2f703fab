//! The messages by which clients bring back what a server lost. Their CBOR lives in `codec`.

use crate::{BatchManifest, Cid, Covered, Entry, Hash, LogEntry, LogHead, Rid, SpaceId};

/// Asks which of these the server does not have. At most [`limits::MAX_IDS`](crate::limits::MAX_IDS) of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRequest {
    pub space: SpaceId,
    pub rids: Vec<Rid>,
    pub cids: Vec<Cid>,
}

/// Those of the asked that the server does not have, in the order in which they were asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Ids under which the log holds no entry at all.
    pub rids: Vec<Rid>,
    /// Blobs without a row or without a file.
    pub cids: Vec<Cid>,
}

/// Asks for single entries, wherever in the log they are. At most
/// [`limits::MAX_FETCH`](crate::limits::MAX_FETCH) ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    pub space: SpaceId,
    pub rids: Vec<Rid>,
    /// The reader knows packs: what the server has in a pack only comes with it.
    pub packs: Option<bool>,
}

/// All variants of the first of the asked ids that fit a page; ids that the log does not hold are left out. Without a
/// chain of links: what an entry is worth, its manifest and its seal say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    pub entries: Vec<LogEntry>,
    /// The manifests of all batches that `entries` and `covered` name.
    pub manifests: Vec<BatchManifest>,
    /// Those of which the server has the pack only; each a run of one.
    pub covered: Option<Covered>,
}

/// An entry on its way back, with the batch that first carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub entry: Entry,
    /// `batch_hash` of one of the request's manifests, which lists the entry.
    pub batch: Hash,
}

/// Brings back entries with the manifests that first carried them, whoever signed those: a member of the account may
/// do it for every other. Also tells the server where each device's counter was.
///
/// Answered with a [`PushOutcome`](crate::PushOutcome): `Accepted`, `Rejected` or `StaleEpoch`; all or nothing, as a
/// push. An id that the log holds, with whatever body, is a duplicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealRequest {
    pub space: SpaceId,
    /// A position that the device had read and that the server did not know. Where it is of the server's own log
    /// epoch, the log was set back: the server begins a new epoch, under which it links its whole log anew, so that
    /// every device compares what it has, and no position of the lost history is taken for one of the new.
    pub lost: Option<LogHead>,
    /// Those that `entries` name, and others for their counters.
    pub manifests: Vec<BatchManifest>,
    pub entries: Vec<Restored>,
}
