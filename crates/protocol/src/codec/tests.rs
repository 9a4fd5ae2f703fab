//! Vectors: the bytes of every message, which never change. Laws: what was written is read back, unknown keys
//! do no harm, and no bytes at all make the reader panic.
#![allow(clippy::unwrap_used)]

use std::fmt::Debug;

use proptest::prelude::*;

use super::{MEDIA_TYPE, Wire, decode, encode};
use crate::limits::{MAX_INVITATION_BYTES, MAX_LOG_ANSWER_BYTES, MAX_PUSH_BYTES};
use crate::*;

const VECTORS: &str = include_str!("vectors.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, b| text + &format!("{b:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn entry() -> Entry {
    Entry { kind: EntryKind::Revision, rid: Rid([0x11; 32]), key_epoch: 7, body: vec![0xde, 0xad, 0xbe, 0xef] }
}

fn manifest() -> BatchManifest {
    BatchManifest {
        space: SpaceId([0x01; 16]),
        device: DeviceId([0x02; 16]),
        ctr: 300,
        prev: Hash([0x03; 32]),
        seen: Seen { log_epoch: u64::MAX, seq: 24, link: Hash([0x04; 32]), members: Hash([0x05; 32]) },
        rids: vec![Rid([0x11; 32])],
        heirs: Vec::new(),
        state: None,
        mark: None,
        signature: [0x06; 64],
    }
}

fn head() -> LogHead {
    LogHead { log_epoch: 1, seq: 65_536, link: Hash([0x07; 32]) }
}

fn claim() -> Claim {
    Claim { device: DeviceId([0x17; 16]), signature: [0x1a; 64] }
}

fn page() -> LogPage {
    let entries = vec![LogEntry { seq: 1, entry: entry(), batch: Hash([0x08; 32]) }];
    LogPage {
        log_epoch: 1,
        entries,
        manifests: vec![manifest()],
        head: head(),
        keys: None,
        login_salt: None,
        covered: None,
        may_pack: None,
        may_release: None,
    }
}

fn covered() -> Covered {
    let run = Run {
        seq: 65_536,
        kind: EntryKind::Revision,
        key_epoch: 7,
        batch: Hash([0x08; 32]),
        first: 300,
        bodies: vec![Hash([0x19; 32]), Hash([0x1a; 32])],
    };
    Covered { runs: vec![run], packs: vec![Packed { seq: 70_000, key_epoch: 7, body: vec![0xde, 0xad] }] }
}

fn heal() -> HealRequest {
    HealRequest {
        space: SpaceId([0x01; 16]),
        lost: Some(head()),
        manifests: vec![manifest()],
        entries: vec![Restored { entry: entry(), batch: Hash([0x08; 32]) }],
    }
}

fn kdf() -> KdfParams {
    KdfParams { salt: [0x09; 16], memory_kib: 65_536, passes: 3, lanes: 1 }
}

fn device() -> DeviceRegistration {
    DeviceRegistration { device: DeviceId([0x02; 16]), sign_pk: [0x0a; 32] }
}

/// Checks one value against its line in the vectors, both ways.
fn check<T: Wire + PartialEq + Debug>(name: &str, value: &T) {
    let line = VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if line.is_none() && std::env::var_os("HOLDFAST_WRITE_VECTORS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/codec/vectors.txt");
        let vectors = std::fs::read_to_string(path).unwrap();
        return std::fs::write(path, format!("{vectors}{name}: {}\n", hex(&encode(value)))).unwrap();
    }
    assert_eq!(line, Some(hex(&encode(value)).as_str()), "the bytes of {name} changed");
    assert_eq!(decode::<T>(&unhex(line.unwrap())).as_ref(), Ok(value));
}

#[test]
fn vectors() {
    check("entry", &entry());
    check("manifest", &manifest());
    let heir = Heir { of: DeviceId([0x13; 16]), to: DeviceId([0x02; 16]), signature: [0x14; 64] };
    check("manifest_full", &BatchManifest { heirs: vec![heir], state: Some(Hash([0x15; 32])), ..manifest() });
    check("manifest_marked", &BatchManifest { mark: Some([0x16; 8]), ..manifest() });
    let push = PushRequest { manifest: manifest(), entries: vec![entry()], keys: None };
    check("push_request", &push);
    check("push_request_keys", &PushRequest { keys: Some(Hash([0x18; 32])), ..push });
    assert_eq!(keys_hash(&[1, 2, 3]).to_string(), "d15b09c4b9a43e182f4df8de93a4ca16d6fd350cb18219eed2be089e7d16a1b9");
    let stored = vec![Stored { rid: Rid([0x11; 32]), seq: 65_536, duplicate: true }];
    check("push_accepted", &PushOutcome::Accepted { stored, head: head() });
    check("push_rejected", &PushOutcome::Rejected { index: 2, reason: RejectReason::TooManyVariants });
    check("push_rebase", &PushOutcome::Rebase { head: head() });
    check("push_forked", &PushOutcome::Forked { ctr: 9, batch: Hash([0x0b; 32]) });
    check("push_stale_epoch", &PushOutcome::StaleEpoch { key_epoch: 8 });
    let request = LogRequest {
        space: SpaceId([0x01; 16]),
        log_epoch: 1,
        seq: 2,
        link: Hash([0x07; 32]),
        max_bytes: 1 << 20,
        packs: None,
        releases: None,
    };
    check("log_request", &request);
    check("log_request_packs", &LogRequest { packs: Some(70_000), ..request });
    check("log_request_releases", &LogRequest { packs: Some(0), releases: Some(true), ..request });
    check("log_page", &LogAnswer::Page(page()));
    let named = LogPage { keys: Some(Hash([0x18; 32])), ..page() };
    check("log_page_keys", &LogAnswer::Page(named.clone()));
    check("log_page_login", &LogAnswer::Page(LogPage { login_salt: Some([0x19; 16]), ..named }));
    check("log_page_may_release", &LogAnswer::Page(LogPage { may_release: Some(true), ..page() }));
    check("log_page_covered", &LogAnswer::Page(LogPage { covered: Some(covered()), may_pack: Some(true), ..page() }));
    check("log_rebase", &LogAnswer::Rebase { head: head() });
    let ids = MissingRequest { space: SpaceId([0x01; 16]), rids: vec![Rid([0x11; 32])], cids: vec![Cid([0x12; 32])] };
    check("missing_request", &ids);
    check("missing", &Missing { rids: ids.rids.clone(), cids: Vec::new() });
    let fetch = FetchRequest { space: ids.space, rids: ids.rids.clone(), packs: None };
    check("fetch_request", &fetch);
    check("fetch_request_packs", &FetchRequest { packs: Some(true), ..fetch });
    let fetched = Fetched { entries: page().entries, manifests: page().manifests, covered: None };
    check("fetched", &fetched);
    check("fetched_covered", &Fetched { covered: Some(covered()), ..fetched });
    check("heal_request", &heal());
    check("heal_request_plain", &HealRequest { lost: None, entries: Vec::new(), ..heal() });
    check("kdf", &kdf());
    let create = CreateAccount {
        invitation: vec![0x0c; 16],
        user: "ada".into(),
        account: AccountId([0x0d; 16]),
        space: SpaceId([0x01; 16]),
        kdf: kdf(),
        passphrase_auth: LoginSecret([0x0e; 32]),
        code_auth: LoginSecret([0x0f; 32]),
        keys: vec![1, 2, 3],
        device: device(),
    };
    check("create_account", &create);
    let login =
        Login { user: "ada".into(), method: LoginMethod::RecoveryCode, auth: LoginSecret([0x0f; 32]), device: None };
    check("login", &login);
    check("login_again", &Login { device: Some(claim()), ..login });
    let put = PutKeys::new(4, vec![9]);
    check("put_keys_plain", &put);
    let new_passphrase = Some((kdf(), LoginSecret([0x0e; 32])));
    check("put_keys_full", &PutKeys { new_passphrase, add_device: Some(device()), ..put.clone() });
    let remove_device =
        Some(DeviceRemoval { device: DeviceId([0x02; 16]), sign_pk: [0x0a; 32], last_ctr: 300, if_last: true });
    let key_epoch = Some(KeyEpoch { space: SpaceId([0x01; 16]), epoch: 2 });
    let members = Some(vec![DeviceId([0x02; 16]), DeviceId([0x17; 16])]);
    check("put_keys_removal", &PutKeys { remove_device, key_epoch, by: Some(claim()), members, ..put });
    let info = ServerInfo { version: 1, max_batch_bytes: 2, max_entry_bytes: 3, max_blob_bytes: 4, now_ms: 5 };
    check("server_info", &info);
    check("prelogin", &Prelogin { user: "ada".into() });
    check("keys", &Keys { keys: vec![1, 2], version: 3 });
    check("keys_version", &KeysVersion { version: 3 });
    check("error", &ErrorBody::from(&ProtocolError::KeysChanged { version: 5 }));
    check("error_plain", &ErrorBody::from(&ProtocolError::UserTaken));
    // A session has no Debug, so that no token ends up in a log; hence by hand.
    let session = Session {
        token: vec![0x10; 32],
        account: AccountId([0x0d; 16]),
        space: SpaceId([0x01; 16]),
        keys: vec![1, 2, 3],
        keys_version: 1,
    };
    let line = VECTORS.lines().find_map(|line| line.strip_prefix("session: "));
    assert_eq!(line, Some(hex(&encode(&session)).as_str()));
    assert!(decode::<Session>(&encode(&session)).unwrap() == session);
    assert_eq!(MEDIA_TYPE, "application/cbor");
}

#[test]
fn every_error_that_a_server_sends_comes_back() {
    for error in [
        ProtocolError::Unauthorized,
        ProtocolError::WrongLogin,
        ProtocolError::InvitationExpired,
        ProtocolError::InvitationInvalid,
        ProtocolError::UserTaken,
        ProtocolError::KeysChanged { version: 7 },
        ProtocolError::TooLarge,
        ProtocolError::NotFound,
        ProtocolError::Busy { retry_after_s: Some(30) },
        ProtocolError::Busy { retry_after_s: None },
        ProtocolError::Server("disk".into()),
        ProtocolError::Refused("signature".into()),
        ProtocolError::NotRegistered,
        ProtocolError::DeviceRemoved,
        ProtocolError::DeviceAhead,
    ] {
        let body: ErrorBody = decode(&encode(&ErrorBody::from(&error))).unwrap();
        assert_eq!(ProtocolError::from(body), error);
    }
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_come_once() {
    // {1: 3, 99: [[1], {2: h'00'}]}
    assert_eq!(decode(&unhex("a201031863828101a1024100")), Ok(KeysVersion { version: 3 }));
    assert!(decode::<KeysVersion>(&unhex("a201030103")).is_err());
    assert!(decode::<KeysVersion>(&unhex("a0")).is_err());
    assert!(decode::<KeysVersion>(&unhex("a1010300")).is_err(), "bytes after the end");
    assert!(decode::<KeysVersion>(&unhex("bf0103ff")).is_err(), "indefinite length");
    assert!(decode::<EntryKind>(&unhex("05")).is_err());
}

#[test]
fn lengths_are_capped() {
    // {1: [.. 2^32 items ..]} and a byte string that claims 2^62 bytes.
    assert!(decode::<PushOutcome>(&unhex("a20001019affffffff")).is_err());
    assert!(decode::<Keys>(&unhex("a2015b4000000000000000")).is_err());
    let long = JoinLink { version: 1, url: "https://a".into(), pin: [0; 32], invitation: None, expires_ms: 0 };
    let long = JoinLink { invitation: Some(vec![0; MAX_INVITATION_BYTES + 1]), ..long };
    assert!(decode::<JoinLink>(&encode(&long)).is_err());
}

#[test]
fn the_largest_messages_fit_their_limits() {
    let full =
        Entry { key_epoch: u32::MAX, body: vec![0; limits::MAX_BATCH_BYTES / limits::MAX_BATCH_ENTRIES], ..entry() };
    let rids = vec![Rid([0xff; 32]); limits::MAX_BATCH_ENTRIES];
    let manifest = BatchManifest { ctr: u64::MAX, rids, ..manifest() };
    let push = PushRequest {
        manifest: manifest.clone(),
        entries: vec![full.clone(); limits::MAX_BATCH_ENTRIES],
        keys: Some(Hash([1; 32])),
    };
    assert_eq!(limits::batch_bytes(&push), limits::MAX_BATCH_BYTES);
    assert!(encode(&push).len() <= MAX_PUSH_BYTES);

    let logged = LogEntry { seq: u64::MAX, entry: full.clone(), batch: Hash([0xff; 32]) };
    let heir = Heir { of: DeviceId([0xff; 16]), to: DeviceId([0xff; 16]), signature: [0xff; 64] };
    let (heirs, state, mark) = (vec![heir; limits::MAX_HEIRS], Some(Hash([0xff; 32])), Some([0xff; 8]));
    let manifest = BatchManifest { heirs, state, mark, ..manifest };
    let push = PushRequest { manifest: manifest.clone(), ..push };
    assert!(encode(&push).len() <= MAX_PUSH_BYTES);
    // Few batches have heirs; a page of nothing else holds fewer of them.
    let small = BatchManifest { rids: vec![Rid([0xff; 32])], heirs: Vec::new(), ..manifest.clone() };
    let mut manifests = vec![manifest; limits::MAX_PAGE_MANIFEST_RIDS / limits::MAX_BATCH_ENTRIES];
    manifests.extend(std::iter::repeat_n(small, limits::MAX_PAGE_ENTRIES - manifests.len()));
    let restored = vec![Restored { entry: full, batch: Hash([0xff; 32]) }; limits::MAX_BATCH_ENTRIES];
    let heal = HealRequest { entries: restored, manifests: manifests.clone(), ..heal() };
    assert!(encode(&heal).len() <= limits::MAX_HEAL_BYTES);
    let page = LogPage { entries: vec![logged; limits::MAX_PAGE_ENTRIES], manifests, ..page() };
    assert!(encode(&LogAnswer::Page(page.clone())).len() <= MAX_LOG_ANSWER_BYTES);
    // The same without bodies, each entry of another key epoch than the one before, and with packs in their place.
    let run = Run {
        seq: u64::MAX,
        kind: EntryKind::Revision,
        key_epoch: u32::MAX,
        batch: Hash([0xff; 32]),
        first: u32::MAX,
        bodies: vec![Hash([0xff; 32])],
    };
    let pack = Packed { seq: u64::MAX, key_epoch: u32::MAX, body: vec![0; limits::MAX_ENTRY_BYTES] };
    let covered = Covered { runs: vec![run; limits::MAX_PAGE_ENTRIES], packs: vec![pack; 2] };
    let page = LogPage { entries: Vec::new(), covered: Some(covered), ..page };
    assert!(encode(&LogAnswer::Page(page)).len() <= MAX_LOG_ANSWER_BYTES);
    let (rids, cids) = (vec![Rid([0xff; 32]); limits::MAX_IDS], vec![Cid([0xff; 32]); limits::MAX_IDS]);
    let ids = MissingRequest { space: SpaceId([0xff; 16]), rids, cids };
    assert!(encode(&ids).len() <= limits::MAX_IDS_BYTES);
}

fn any_seen() -> impl Strategy<Value = Seen> {
    any::<(u64, u64, [u8; 32], [u8; 32])>().prop_map(|(log_epoch, seq, link, members)| Seen {
        log_epoch,
        seq,
        link: Hash(link),
        members: Hash(members),
    })
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let kinds = prop::sample::select(vec![EntryKind::Revision, EntryKind::Pack, EntryKind::Place, EntryKind::Release]);
    (kinds, any::<[u8; 32]>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(kind, rid, key_epoch, body)| Entry { kind, rid: Rid(rid), key_epoch, body })
}

fn any_push() -> impl Strategy<Value = PushRequest> {
    let ids = any::<([u8; 16], [u8; 16], u64, [u8; 32], [u8; 32])>();
    (ids, any_seen(), prop::collection::vec(any_entry(), 0..8)).prop_map(|(ids, seen, entries)| {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&ids.4);
        let manifest = BatchManifest {
            space: SpaceId(ids.0),
            device: DeviceId(ids.1),
            ctr: ids.2,
            prev: Hash(ids.3),
            seen,
            rids: entries.iter().map(|e| e.rid).collect(),
            heirs: (0..ids.0[0] % 3).map(|n| Heir { of: DeviceId([n; 16]), to: DeviceId(ids.1), signature }).collect(),
            state: (ids.0[1] % 2 == 0).then_some(Hash(ids.4)),
            mark: ids.0[2].is_multiple_of(2).then_some([ids.0[3]; 8]),
            signature,
        };
        PushRequest { manifest, entries, keys: None }
    })
}

proptest! {
    #[test]
    fn a_push_comes_back(push in any_push()) {
        prop_assert_eq!(decode::<PushRequest>(&encode(&push)).unwrap(), push);
    }

    #[test]
    fn a_page_comes_back(push in any_push(), seq in any::<u64>()) {
        let entries = push.entries.iter().map(|entry| LogEntry { seq, entry: entry.clone(), batch: Hash([1; 32]) });
        let page = LogPage {
            log_epoch: seq,
            entries: entries.collect(),
            manifests: vec![push.manifest],
            head: head(),
            keys: None,
            login_salt: None,
            covered: seq.is_multiple_of(2).then(covered),
            may_pack: Some(seq.is_multiple_of(3)),
            may_release: (!seq.is_multiple_of(5)).then_some(seq.is_multiple_of(2)),
        };
        let answer = LogAnswer::Page(page);
        prop_assert_eq!(decode::<LogAnswer>(&encode(&answer)).unwrap(), answer);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    /// Bytes that are nearly a message reach deeper than random ones.
    #[test]
    fn no_damaged_message_panics(push in any_push(), at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = encode(&push);
        let at = at.index(bytes.len());
        bytes[at] = value;
        if cut {
            bytes.truncate(at);
        }
        read_all(&bytes);
    }

    #[test]
    fn a_join_link_comes_back(port in 1u16.., pin in any::<[u8; 32]>(), invitation in prop::option::of(prop::collection::vec(any::<u8>(), 0..64)), at in any::<u64>()) {
        let link = JoinLink::new(&format!("https://host:{port}"), pin, invitation, at).unwrap();
        prop_assert_eq!(JoinLink::parse(&link.to_string()), Ok(link));
    }

    #[test]
    fn no_text_panics_as_a_join_link(text in ".{0,80}") {
        let _ = JoinLink::parse(&text);
        let _ = JoinLink::parse(&format!("holdfast://join/1/{text}"));
    }
}

fn read_all(bytes: &[u8]) {
    let _ = decode::<PushRequest>(bytes);
    let _ = decode::<PushOutcome>(bytes);
    let _ = decode::<LogAnswer>(bytes);
    let _ = decode::<LogRequest>(bytes);
    let _ = decode::<MissingRequest>(bytes);
    let _ = decode::<Missing>(bytes);
    let _ = decode::<FetchRequest>(bytes);
    let _ = decode::<Fetched>(bytes);
    let _ = decode::<HealRequest>(bytes);
    let _ = decode::<CreateAccount>(bytes);
    let _ = decode::<Session>(bytes);
    let _ = decode::<Login>(bytes);
    let _ = decode::<PutKeys>(bytes);
    let _ = decode::<ServerInfo>(bytes);
    let _ = decode::<Keys>(bytes);
    let _ = decode::<ErrorBody>(bytes);
    let _ = decode::<JoinLink>(bytes);
    let _ = decode::<Prelogin>(bytes);
    let _ = decode::<KdfParams>(bytes);
}
