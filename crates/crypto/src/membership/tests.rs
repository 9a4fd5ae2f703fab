#![allow(clippy::unwrap_used)]
use super::*;
use crate::kdf::{MIN_MEMORY_KIB, MIN_PASSES};

const ACCOUNT: [u8; 16] = [0xac; 16];
const SPACE: [u8; 16] = [0x5b; 16];
const KDF: KdfParams = KdfParams { salt: [9; 16], memory_kib: MIN_MEMORY_KIB, passes: MIN_PASSES, lanes: 1 };

fn key(n: u8) -> AccountKey {
    AccountKey::from_bytes([n; 32])
}

fn device(n: u8) -> EntryBody {
    let recipient = Recipient::Device { device_id: [n; 16], sign_pk: [n; 32], box_pk: [n ^ 0x80; 32] };
    EntryBody::AddRecipient { recipient, role: Role::Owner }
}

fn add(recipient: Recipient) -> EntryBody {
    EntryBody::AddRecipient { recipient, role: Role::Owner }
}

fn log(bodies: Vec<EntryBody>) -> MembershipLog {
    let mut log = MembershipLog::create(&key(1), ACCOUNT, &[SPACE]).unwrap();
    for body in bodies {
        log.append(&key(1), body).unwrap();
    }
    log
}

fn bytes(entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(1024);
    writer.array(entries.len());
    for entry in entries {
        entry.write(&mut writer);
    }
    writer.finish()
}

fn read(bytes: &[u8]) -> Result<MembershipLog, CryptoError> {
    let mut reader = Reader::new(bytes, WHAT);
    let log = MembershipLog::read(&mut reader)?;
    reader.end()?;
    Ok(log)
}

fn is_damaged<T>(result: &Result<T, CryptoError>) -> bool {
    matches!(result, Err(CryptoError::Damaged(_)))
}

#[test]
fn every_kind_of_entry_survives_and_adds_up() {
    let mut log = log(vec![
        add(Recipient::Passphrase { box_pk: [1; 32], kdf: KDF }),
        add(Recipient::Code { box_pk: [2; 32] }),
        device(3),
        device(4),
        EntryBody::ReplacePassphrase { box_pk: [5; 32], kdf: KdfParams { salt: [8; 16], ..KDF } },
        EntryBody::RemoveRecipient {
            kind: RecipientKind::Device,
            box_pk: [3 ^ 0x80; 32],
            last_batch_ctr: 7,
            last_batch_hash: [6; 32],
        },
    ]);
    let second = membership_secret(&key(2)).public();
    log.append(&key(1), EntryBody::NewGeneration { membership_pk: second }).unwrap();
    assert!(matches!(log.append(&key(1), device(9)), Err(CryptoError::NotOpened)), "the old key signs no more");
    log.append(&key(2), device(5)).unwrap();

    let again = read(&bytes(&log.entries)).unwrap();
    assert_eq!(again, log);
    let members = again.verify(&key(2)).unwrap();
    assert_eq!((members.account_id, members.generation, &members.spaces[..]), (ACCOUNT, 2, &[SPACE][..]));
    assert_eq!(members.devices.iter().map(|d| d.device_id[0]).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(members.passphrase.unwrap().box_pk, [5; 32]);
    assert_eq!(members.code, Some([2; 32]));
    assert!(matches!(again.verify(&key(1)), Err(CryptoError::NotOpened)), "the first generation is over");
}

#[test]
fn an_entry_left_out_moved_or_altered_is_damage() {
    let log = log(vec![device(1), device(2), device(3)]);
    for missing in [0, 1, 2] {
        let mut entries = log.entries.clone();
        entries.remove(missing);
        assert!(is_damaged(&read(&bytes(&entries))), "without entry {missing}");
    }
    let mut entries = log.entries.clone();
    entries.swap(1, 2);
    assert!(is_damaged(&read(&bytes(&entries))));
    assert!(is_damaged(&read(&bytes(&[]))));

    let good = bytes(&log.entries);
    for place in 0..good.len() {
        let mut altered = good.clone();
        altered[place] ^= 0x01;
        assert!(read(&altered).is_err(), "byte {place}");
    }
}

#[test]
fn a_log_cut_short_is_whole_in_itself_but_has_another_head() {
    let log = log(vec![device(1), device(2)]);
    let short = read(&bytes(&log.entries[..2])).unwrap();
    assert_ne!(short.head(), log.head());
    assert_eq!(short.genesis_hash(), log.genesis_hash());
    assert_eq!((log.standing_of(&short), short.standing_of(&log)), (Standing::Older, Standing::GoesOn));
    assert_eq!(log.standing_of(&log), Standing::GoesOn);
}

#[test]
fn a_way_that_left_before_a_key_was_given_up_is_told_from_others() {
    let base = log(vec![device(1), device(2)]);
    let (mut here, mut there) = (base.clone(), base.clone());
    here.append(&key(1), device(3)).unwrap();
    there.append(&key(1), device(4)).unwrap();
    assert_eq!((here.standing_of(&there), there.standing_of(&here)), (Standing::OtherWay, Standing::OtherWay));

    let gone = EntryBody::RemoveRecipient {
        kind: RecipientKind::Device,
        box_pk: [2 ^ 0x80; 32],
        last_batch_ctr: 7,
        last_batch_hash: [6; 32],
    };
    here.append(&key(1), gone).unwrap();
    here.begin_generation(&key(1), &key(2)).unwrap();
    // Whoever was removed had the key that signed the other way.
    assert_eq!((here.standing_of(&there), there.standing_of(&here)), (Standing::GivenUp, Standing::OtherWay));
    assert_eq!((here.standing_of(&base), base.standing_of(&here)), (Standing::Older, Standing::GoesOn));

    let members = here.claimed_members();
    assert_eq!(members.removed([2; 16]), Some(LastBatch { ctr: 7, hash: [6; 32] }));
    assert_eq!((members.removed([1; 16]), members.sign_pk([2; 16])), (None, Some([2; 32])));
    assert!(is_damaged(&here.append(&key(2), device(2))), "who was removed comes back as somebody else or not at all");
}

#[test]
fn another_account_cannot_sign_for_this_one() {
    let ours = log(vec![device(1)]);
    assert!(matches!(ours.verify(&key(2)), Err(CryptoError::NotOpened)));
    assert!(matches!(ours.clone().append(&key(2), device(2)), Err(CryptoError::NotOpened)));
    let forged = Entry::sign(&membership_secret(&key(2)), ours.head(), 1, device(2));
    let entries = [ours.entries.clone(), vec![forged]].concat();
    assert!(is_damaged(&read(&bytes(&entries))));
}

#[test]
fn nobody_is_added_twice_or_removed_without_being_there() {
    let mut log = log(vec![add(Recipient::Passphrase { box_pk: [1; 32], kdf: KDF }), device(1)]);
    let before = log.clone();
    let gone =
        |kind| EntryBody::RemoveRecipient { kind, box_pk: [77; 32], last_batch_ctr: 0, last_batch_hash: [0; 32] };
    for body in [
        device(1),
        add(Recipient::Passphrase { box_pk: [3; 32], kdf: KDF }),
        gone(RecipientKind::Device),
        gone(RecipientKind::Passphrase),
        gone(RecipientKind::Code),
        EntryBody::Genesis { account_id: ACCOUNT, spaces: vec![], membership_pk: [0; 32] },
    ] {
        assert!(is_damaged(&log.append(&key(1), body)));
    }
    assert_eq!(log, before);
}

#[test]
fn an_unknown_entry_asks_for_a_newer_version() {
    let secret = membership_secret(&key(1));
    let log = log(vec![]);
    let mut writer = Writer::with_capacity(128);
    writer.array(4).u64(1_u8).bytes(&log.head()).u64(1_u8).array(1).u64(99_u8);
    let signed = writer.finish();
    let signature = secret.sign(&[labels::MEMBERSHIP_SIGN, &signed].concat());
    let mut writer = Writer::with_capacity(512);
    writer.array(2);
    log.entries[0].write(&mut writer);
    writer.array(2).bytes(&signed).bytes(&signature);
    assert!(matches!(read(&writer.finish()), Err(CryptoError::NewerVersion(2))));
}
