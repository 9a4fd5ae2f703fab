//! Every domain tag, in one place: two uses of a key or a hash never share one, and none is the start of another.

pub(crate) const RID: &[u8] = b"holdfast/v1/rid";
pub(crate) const CONTENT_ID: &[u8] = b"holdfast/v1/content-id";
pub(crate) const STATE: &[u8] = b"holdfast/v1/state";
pub(crate) const REVISION: &[u8] = b"holdfast/v1/seal-revision";
pub(crate) const BLOB: &[u8] = b"holdfast/v1/seal-blob";
pub(crate) const CHUNK: &[u8] = b"holdfast/v1/seal-chunk";
pub(crate) const PACK: &[u8] = b"holdfast/v1/seal-pack";
pub(crate) const PASSPHRASE_AUTH: &[u8] = b"holdfast/v1/passphrase/auth";
pub(crate) const PASSPHRASE_KEK: &[u8] = b"holdfast/v1/passphrase/kek";
pub(crate) const PASSPHRASE_BOX: &[u8] = b"holdfast/v1/passphrase/box";
pub(crate) const CODE_AUTH: &[u8] = b"holdfast/v1/code/auth";
pub(crate) const CODE_BOX_KEY: &[u8] = b"holdfast/v1/code/x25519";
pub(crate) const CODE_ANCHOR_KEY: &[u8] = b"holdfast/v1/code/kek";
pub(crate) const CODE_ANCHOR: &[u8] = b"holdfast/v1/code/anchor";
pub(crate) const MEMBERSHIP_KEY: &[u8] = b"holdfast/v1/membership/ed25519";
pub(crate) const MEMBERSHIP_SIGN: &[u8] = b"holdfast/v1/membership/entry";
pub(crate) const MEMBERSHIP_HASH: &[u8] = b"holdfast/v1/membership/hash";
pub(crate) const WRAP: &[u8] = b"holdfast/v1/account/wrap";
pub(crate) const SPACE_KEYS: &[u8] = b"holdfast/v1/account/space-keys";
pub(crate) const SPACES_DIGEST: &[u8] = b"holdfast/v1/account/spaces-digest";
pub(crate) const ACCOUNT_MAC_KEY: &[u8] = b"holdfast/v1/account/mac-key";
pub(crate) const ACCOUNT_MAC: &[u8] = b"holdfast/v1/account/mac-content";
pub(crate) const LOCAL_DATABASE: &[u8] = b"holdfast/v1/local/database-key";
pub(crate) const LOCAL_DEVICE: &[u8] = b"holdfast/v1/local/device-keys";
pub(crate) const LOCAL_KEYCHAIN: &[u8] = b"holdfast/v1/local/keychain";
pub(crate) const CHECKSUM: &[u8] = b"holdfast/v1/checksum";

#[cfg(test)]
const ALL: &[&[u8]] = &[
    RID,
    CONTENT_ID,
    STATE,
    REVISION,
    BLOB,
    CHUNK,
    PACK,
    PASSPHRASE_AUTH,
    PASSPHRASE_KEK,
    PASSPHRASE_BOX,
    CODE_AUTH,
    CODE_BOX_KEY,
    CODE_ANCHOR_KEY,
    CODE_ANCHOR,
    MEMBERSHIP_KEY,
    MEMBERSHIP_SIGN,
    MEMBERSHIP_HASH,
    WRAP,
    SPACE_KEYS,
    SPACES_DIGEST,
    ACCOUNT_MAC_KEY,
    ACCOUNT_MAC,
    LOCAL_DATABASE,
    LOCAL_DEVICE,
    LOCAL_KEYCHAIN,
    CHECKSUM,
];

#[test]
fn no_label_starts_another() {
    for (i, a) in ALL.iter().enumerate() {
        for (j, b) in ALL.iter().enumerate() {
            assert!(i == j || !b.starts_with(a), "{:?} starts {:?}", a.escape_ascii(), b.escape_ascii());
        }
    }
}
