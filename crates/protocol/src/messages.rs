//! The messages of wire v1, as values. Their CBOR lives in `codec`.

use crate::{AccountId, Claim, Covered, DeviceId, Hash, Rid, SpaceId};

/// What an entry of the log is. A reader that does not know one of them keeps the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    Revision = 1,
    Pack = 2,
    /// The place of a version whose content the server lost.
    Place = 3,
    Release = 4,
}

/// One sealed thing on its way to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    pub rid: Rid,
    /// The epoch of the space key that sealed `body`.
    pub key_epoch: u32,
    /// Sealed bytes; the server never opens them.
    pub body: Vec<u8>,
}

/// How far a device has read a space's log, and which membership log it knows. Signed with each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Random per log history: a server restored from a backup starts a new one.
    pub log_epoch: u64,
    /// The position read up to; 0 is the empty log.
    pub seq: u64,
    /// The chain link at `seq`; `Hash::ZERO` at 0.
    pub link: Hash,
    /// The newest head of the membership log that the device knows.
    pub members: Hash,
}

/// The signed description of one batch. Readers get it with the entries and keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchManifest {
    pub space: SpaceId,
    pub device: DeviceId,
    /// Counts a device's batches from 1, without gaps.
    pub ctr: u64,
    /// `batch_hash` of the device's previous batch; `Hash::ZERO` for the first.
    pub prev: Hash,
    pub seen: Seen,
    /// The batch's entries in order.
    pub rids: Vec<Rid>,
    /// Where entries were written by an earlier device of the same vault: how this one is its heir.
    pub heirs: Vec<Heir>,
    /// What the device makes of the log up to `seen`: a keyed hash, which says nothing to the server. Now and then,
    /// for others to compare.
    pub state: Option<Hash>,
    /// Random: two copies of a vault that send the same changes at the same time sign two batches and not one, or each
    /// would take the other's answer for its own.
    pub mark: Option<[u8; 8]>,
    /// Ed25519 over `signed_bytes`.
    pub signature: [u8; 64],
}

/// A vault that was copied takes a new device id. It shows by the old one's key that it may send what the old one wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heir {
    pub of: DeviceId,
    pub to: DeviceId,
    /// Ed25519 by the key of `of`, over [`heir_bytes`](crate::heir_bytes).
    pub signature: [u8; 64],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRequest {
    pub manifest: BatchManifest,
    /// As many as `manifest.rids`, in the same order.
    pub entries: Vec<Entry>,
    /// Names the account's sealed keys as this device knows them: where the server has others, nothing is stored, and the
    /// answer is [`ProtocolError::KeysChanged`](crate::ProtocolError). Not signed: a retry names the newest.
    pub keys: Option<Hash>,
}

/// The newest position of a space's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    pub log_epoch: u64,
    pub seq: u64,
    pub link: Hash,
}

/// Where the log holds a pushed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub rid: Rid,
    pub seq: u64,
    /// True where the same bytes had been stored before.
    pub duplicate: bool,
}

/// The server's answer to a push. All or nothing: only `Accepted` stored anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    Accepted {
        stored: Vec<Stored>,
        head: LogHead,
    },
    Rejected {
        index: u32,
        reason: RejectReason,
    },
    /// `seen` is not in this server's log: it was restored from a backup, or is another server.
    Rebase {
        head: LogHead,
    },
    /// This counter was used with another batch: the device's disk was cloned or rolled back.
    Forked {
        ctr: u64,
        batch: Hash,
    },
    /// Entries were sealed under a key epoch older than the space's.
    StaleEpoch {
        key_epoch: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    TooLarge,
    TooManyVariants,
    UnknownKind,
    QuotaExceeded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRequest {
    pub space: SpaceId,
    /// 0 with `seq` 0 asks from the beginning of whatever log there is.
    pub log_epoch: u64,
    pub seq: u64,
    pub link: Hash,
    /// The most bytes of bodies wanted; the server may send fewer, and sends at least one entry.
    pub max_bytes: u32,
    /// The reader knows packs, and takes entries without their bodies. The number is the position of a pack that it has
    /// checked against what it has itself, of which the server may keep the pack alone; 0 for none. `None`: every body
    /// comes.
    pub packs: Option<u64>,
    /// The reader knows releases. True: of all of them up to `seq`, those that name something which this device names are
    /// taken back in the log; it has no use for the others. `None`: its program does not know them.
    pub releases: Option<bool>,
}

/// An entry as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub seq: u64,
    pub entry: Entry,
    /// `batch_hash` of the manifest that first carried it; goes into the link.
    pub batch: Hash,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogAnswer {
    Page(LogPage),
    /// The asked position is not in this server's log.
    Rebase {
        head: LogHead,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    pub log_epoch: u64,
    /// In `seq` order, without gaps.
    pub entries: Vec<LogEntry>,
    /// The manifests of all batches that `entries` name.
    pub manifests: Vec<BatchManifest>,
    pub head: LogHead,
    /// Names the account's sealed keys as the server has them ([`keys_hash`](crate::keys_hash)), so that who reads finds out
    /// that they are others. An older server does not say it.
    pub keys: Option<Hash>,
    /// The salt under which the server knows the passphrase's login secret: it may be another passphrase's than the one of
    /// the keys, where one of the two was lost. An older server does not say it.
    pub login_salt: Option<[u8; 16]>,
    /// Entries that come without their bodies; only to who knows packs.
    pub covered: Option<Covered>,
    /// Whether a reader that finds something to pack may send it: every device of the account knows packs. `None` where the
    /// server does not know them, or the reader does not.
    pub may_pack: Option<bool>,
    /// Whether a reader that finds blobs which nothing names may release them: every device of the account knows releases.
    /// `None` where the server does not know them, or the reader does not.
    pub may_release: Option<bool>,
}

/// Argon2id parameters, as stored beside the salt. The client enforces floors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KdfParams {
    pub salt: [u8; 16],
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// Which secret a login proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMethod {
    Passphrase,
    RecoveryCode,
}

/// A device as the server must know it: to check its batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRegistration {
    pub device: DeviceId,
    /// Ed25519.
    pub sign_pk: [u8; 32],
}

/// Secrets derived for login, never the passphrase or the code themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginSecret(pub [u8; 32]);

impl std::fmt::Debug for LoginSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginSecret(..)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAccount {
    /// From the join link: proves that the server's owner lets this account be made.
    pub invitation: Vec<u8>,
    pub user: String,
    pub account: AccountId,
    /// The personal space.
    pub space: SpaceId,
    pub kdf: KdfParams,
    pub passphrase_auth: LoginSecret,
    pub code_auth: LoginSecret,
    /// The sealed account keys and membership log, opaque to the server.
    pub keys: Vec<u8>,
    pub device: DeviceRegistration,
}

/// What a login, or the creation of an account, hands out.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Bearer token for all later requests.
    pub token: Vec<u8>,
    pub account: AccountId,
    pub space: SpaceId,
    pub keys: Vec<u8>,
    pub keys_version: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub method: LoginMethod,
    pub auth: LoginSecret,
    /// Which computer signs in, where it is one of the account's already, with its signature over
    /// [`login_bytes`](crate::login_bytes): one that was removed gets no session.
    pub device: Option<Claim>,
}

/// Replaces the account's sealed keys if `expected_version` is still the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutKeys {
    pub expected_version: u64,
    pub keys: Vec<u8>,
    /// With a new passphrase: its parameters and login secret.
    pub new_passphrase: Option<(KdfParams, LoginSecret)>,
    /// With a new computer.
    pub add_device: Option<DeviceRegistration>,
    /// Without one of the computers from now on.
    pub remove_device: Option<DeviceRemoval>,
    /// With new keys of a space: nothing is pushed under older ones any more.
    pub key_epoch: Option<KeyEpoch>,
    /// Who asks, with its signature over [`session_bytes`](crate::session_bytes). The session is this computer's from then
    /// on.
    pub by: Option<Claim>,
    /// With a new passphrase or a removal: the computers of the account. Every other one's sessions end; and by a removal
    /// one of these is let in again that was shut out.
    pub members: Option<Vec<DeviceId>>,
}

impl PutKeys {
    /// New keys and nothing else.
    pub fn new(expected_version: u64, keys: Vec<u8>) -> Self {
        Self {
            expected_version,
            keys,
            new_passphrase: None,
            add_device: None,
            remove_device: None,
            key_epoch: None,
            by: None,
            members: None,
        }
    }
}

/// A device that is no member any more: its sessions end, and nothing is taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRemoval {
    pub device: DeviceId,
    /// Ed25519: a server that was restored may not know it, and what the device sent before is still its own.
    pub sign_pk: [u8; 32],
    /// Its last batch that counts; 0 where it sent nothing.
    pub last_ctr: u64,
    /// Fails with [`ProtocolError::DeviceAhead`](crate::ProtocolError) where the device has sent more: then that has to be
    /// read first. Without it, what it has sent more is nobody's.
    pub if_last: bool,
}

/// The newest key epoch of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEpoch {
    pub space: SpaceId,
    pub epoch: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    pub version: u16,
    pub max_batch_bytes: u32,
    pub max_entry_bytes: u32,
    pub max_blob_bytes: u64,
    /// The server's clock, milliseconds since 1970.
    pub now_ms: u64,
}
