//! What the wire allows, in bytes unless the name says otherwise. Both ends hold to the same numbers:
//! a client stays under them, a server refuses above them, and each checks before it allocates.

use std::time::Duration;

/// The simulator's worlds are small: with a limit of theirs, what does not fit into one request comes about there too.
const fn or_simulated(number: usize, simulated: usize) -> usize {
    if cfg!(feature = "simulation") { simulated } else { number }
}

use crate::{Entry, PushRequest};

/// The version of the wire that this crate speaks.
pub const WIRE_VERSION: u16 = 1;

/// One entry's sealed body: a record of 3 MiB and room for the seal's header and padding.
pub const MAX_ENTRY_BYTES: usize = 3 * 1024 * 1024 + 64 * 1024;
/// The bodies of one batch together.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The number of entries of one batch.
pub const MAX_BATCH_ENTRIES: usize = or_simulated(4096, 24);
/// An encoded push: the bodies, then two ids and a few numbers for each entry.
pub const MAX_PUSH_BYTES: usize = MAX_BATCH_BYTES + MAX_BATCH_ENTRIES * 96 + 8192;

/// The bodies of one page of the log together. A page that holds one entry only may be larger.
pub const MAX_PAGE_BYTES: usize = MAX_BATCH_BYTES;
/// The number of entries of one page of the log.
pub const MAX_PAGE_ENTRIES: usize = or_simulated(4096, 32);
/// The number of ids in all manifests of one page of the log; a page with one manifest is always allowed.
pub const MAX_PAGE_MANIFEST_RIDS: usize = 4 * MAX_BATCH_ENTRIES;
/// An encoded page of the log.
pub const MAX_LOG_ANSWER_BYTES: usize =
    MAX_PAGE_BYTES + MAX_ENTRY_BYTES + MAX_PAGE_ENTRIES * 448 + (MAX_PAGE_MANIFEST_RIDS + MAX_BATCH_ENTRIES) * 40;

/// The number of positions that a pack covers.
pub const MAX_PACK_ENTRIES: usize = 4096;
/// The canonical bytes of the revisions in one pack, with their lengths: what a reader unpacks at most.
pub const MAX_PACK_PLAIN_BYTES: usize = 16 * 1024 * 1024;
/// The number of blobs that one release names.
pub const MAX_RELEASE_CIDS: usize = 1024;
/// The number of heirs that one batch names.
pub const MAX_HEIRS: usize = 8;
/// The number of ids of one kind in a question about what is missing.
pub const MAX_IDS: usize = or_simulated(4096, 24);
/// An encoded question about what is missing, or its answer.
pub const MAX_IDS_BYTES: usize = 2 * MAX_IDS * 34 + 4096;
/// The number of ids in a request for single entries.
pub const MAX_FETCH: usize = or_simulated(256, 8);
/// The number of manifests that one healing request carries; their ids together are at most
/// [`MAX_PAGE_MANIFEST_RIDS`], as in a page.
pub const MAX_HEAL_MANIFESTS: usize = MAX_BATCH_ENTRIES;
/// An encoded healing request.
pub const MAX_HEAL_BYTES: usize = MAX_LOG_ANSWER_BYTES;

/// An account's sealed keys and membership log.
pub const MAX_KEYS_BYTES: usize = 1024 * 1024;
/// Any other request or answer: logins, errors, server information.
pub const MAX_SMALL_BYTES: usize = 16 * 1024;
/// A request or an answer that carries an account's keys.
pub const MAX_KEYS_MESSAGE_BYTES: usize = MAX_KEYS_BYTES + MAX_SMALL_BYTES;
/// A sealed blob.
pub const MAX_BLOB_BYTES: usize = 256 * 1024 * 1024;

/// A stream of events says something at least this often; one that is silent for three times as long is dead.
pub const EVENTS_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The slowest line on which large bodies still go through, in bytes a second.
pub const MIN_BYTES_PER_S: u64 = 16 * 1024;
/// How long a request may take beside what its body takes, and each piece of an answer. A server waits as long for a body
/// as its client does.
pub const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// What is on the way to one end of a connection at most, over all requests together: HTTP/2's window.
pub const WINDOW_BYTES: u32 = 1024 * 1024;
/// A connection on which a ping is not answered for so long is dead. The ping waits behind all that is on the way already,
/// for 64 s on the slowest line; the rest is for its answer, and for lines that stand still for a while.
pub const PING_TIMEOUT: Duration = Duration::from_secs(WINDOW_BYTES as u64 / MIN_BYTES_PER_S + 26);

/// A user name, in characters.
pub const MAX_USER_LEN: usize = 64;
/// A user name's UTF-8.
pub const MAX_USER_BYTES: usize = MAX_USER_LEN * 4;
/// An invitation, as a join link carries it.
pub const MAX_INVITATION_BYTES: usize = 64;
/// A session's token.
pub const MAX_TOKEN_BYTES: usize = 64;
/// The text of an error.
pub const MAX_MESSAGE_BYTES: usize = 1024;
/// A server's address in a join link.
pub const MAX_URL_BYTES: usize = 512;

/// What `entry` counts towards [`MAX_BATCH_BYTES`] and a log request's `max_bytes`.
pub fn entry_bytes(entry: &Entry) -> usize {
    entry.body.len()
}

/// What `request` counts towards [`MAX_BATCH_BYTES`].
pub fn batch_bytes(request: &PushRequest) -> usize {
    request.entries.iter().map(entry_bytes).sum()
}

/// What a body of that length takes on the slowest line.
pub fn body_time(bytes: u64) -> Duration {
    Duration::from_secs(bytes / MIN_BYTES_PER_S)
}

/// A user name in the form in which names are compared: trimmed and lower-case. `None` when it is empty,
/// longer than [`MAX_USER_LEN`] characters, or holds a control character.
pub fn fold_user(user: &str) -> Option<String> {
    let trimmed = user.trim();
    let allowed = (1..=MAX_USER_LEN).contains(&trimmed.chars().count()) && !trimmed.chars().any(char::is_control);
    allowed.then(|| trimmed.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_folded_or_refused() {
        assert_eq!(fold_user("  Ada Lovelace "), Some("ada lovelace".into()));
        assert_eq!(fold_user(""), None);
        assert_eq!(fold_user(" \t"), None);
        assert_eq!(fold_user("a\u{7}b"), None);
        assert!(fold_user(&"é".repeat(64)).is_some());
        assert_eq!(fold_user(&"é".repeat(65)), None);
    }
}
