#![allow(clippy::unwrap_used)]
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::cbor::{from_envelope, to_envelope};
use crate::membership::{Parted, Standing};
use crate::rng::SeededRng;

const ACCOUNT: [u8; 16] = [0xac; 16];
const SPACE: [u8; 16] = [0x5b; 16];

struct Made {
    account: AccountKeys,
    open: OpenAccount,
    code: RecoveryCode,
    device: DeviceKeys,
}

fn make(seed: &str) -> Made {
    let mut rng = SeededRng::new(seed);
    let code = RecoveryCode::generate(&mut rng).unwrap();
    let device = DeviceKeys::generate(&mut rng).unwrap();
    let (account, open) = AccountKeys::create(ACCOUNT, SPACE, "pass", &code, &device.public(), &mut rng).unwrap();
    Made { account, open, code, device }
}

/// Made once: every account costs a key derivation.
fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| make("account keys"))
}

fn assert_same(a: &OpenAccount, b: &OpenAccount) {
    assert_eq!(a.account_key.expose(), b.account_key.expose());
    assert_eq!((a.account_id, a.generation, a.membership_head), (b.account_id, b.generation, b.membership_head));
    assert_eq!(a.members, b.members);
    assert_eq!(a.spaces[&SPACE].current_epoch().1.expose(), b.spaces[&SPACE].current_epoch().1.expose());
    assert_eq!(a.spaces[&SPACE].current_id_key().1.expose(), b.spaces[&SPACE].current_id_key().1.expose());
}

#[test]
fn every_recipient_opens_the_same_account() {
    let made = made();
    let account = AccountKeys::from_bytes(&made.account.to_bytes()).unwrap();
    assert_eq!(account, made.account);
    assert_same(&account.open_with_passphrase("pass").unwrap(), &made.open);
    assert_same(&account.open_with_code(&made.code).unwrap(), &made.open);
    assert_same(&account.open_with_device(&made.device).unwrap(), &made.open);
}

#[test]
fn others_do_not_open_it() {
    let made = made();
    let mut rng = SeededRng::new("others");
    assert!(matches!(made.account.open_with_passphrase("Pass"), Err(CryptoError::WrongPassphrase)));
    let code = RecoveryCode::generate(&mut rng).unwrap();
    assert!(matches!(made.account.open_with_code(&code), Err(CryptoError::WrongCode)));
    let device = DeviceKeys::generate(&mut rng).unwrap();
    assert!(matches!(made.account.open_with_device(&device), Err(CryptoError::NotOpened)));
}

#[test]
fn an_added_device_opens_it_and_an_old_copy_of_the_log_does_not_pass() {
    let made = made();
    let mut rng = SeededRng::new("second device");
    let second = DeviceKeys::generate(&mut rng).unwrap();
    let mut account = made.account.clone();
    account.add_device(&made.open, &second.public(), &mut rng).unwrap();
    let mut open = made.open.clone();
    open.refresh(&account).unwrap();
    assert_same(&account.open_with_device(&second).unwrap(), &open);
    assert_same(&account.open_with_device(&made.device).unwrap(), &open);
    assert_same(&account.open_with_code(&made.code).unwrap(), &open);
    assert_eq!(open.members.devices.len(), 2);

    // Stale keys must not undo what another device did.
    let third = DeviceKeys::generate(&mut rng).unwrap();
    assert!(matches!(account.add_device(&made.open, &third.public(), &mut rng), Err(CryptoError::Damaged(_))));
    assert!(matches!(account.add_device(&open, &second.public(), &mut rng), Err(CryptoError::Damaged(_))));

    // New wraps over the old log, and old wraps over the new log.
    let mut cut = account.clone();
    cut.log = made.account.log.clone();
    assert!(matches!(cut.open_with_device(&made.device), Err(CryptoError::Damaged(_))));
    let mut stale = account.clone();
    stale.wraps.clone_from(&made.account.wraps);
    assert!(matches!(stale.open_with_device(&made.device), Err(CryptoError::Damaged(_))));
}

#[test]
fn a_new_passphrase_replaces_the_old_one_alone() {
    let mut made = make("new passphrase");
    let old = made.account.clone();
    made.account.set_passphrase(&mut made.open, "new", &mut SeededRng::new("fresh")).unwrap();
    assert_ne!(made.account.kdf_params().salt, old.kdf_params().salt);
    assert_same(&made.account.open_with_passphrase("new").unwrap(), &made.open);
    assert!(matches!(made.account.open_with_passphrase("pass"), Err(CryptoError::WrongPassphrase)));
    assert_same(&made.account.open_with_code(&made.code).unwrap(), &made.open);
    assert_same(&made.account.open_with_device(&made.device).unwrap(), &made.open);
    assert_eq!(AccountKeys::from_bytes(&made.account.to_bytes()).unwrap(), made.account);
    assert_eq!(made.account.log.standing_of(&old.log), Standing::Older);
}

#[test]
fn a_passphrase_goes_onto_another_state_without_being_known() {
    let (made, mut rng) = (made(), SeededRng::new("carried"));
    let (mut with, mut with_open) = (made.account.clone(), made.open.clone());
    with.set_passphrase(&mut with_open, "new", &mut rng).unwrap();
    let third = DeviceKeys::generate(&mut rng).unwrap();
    let (mut other, mut open) = (made.account.clone(), made.open.clone());
    other.add_device(&open, &third.public(), &mut rng).unwrap();
    open.refresh(&other).unwrap();
    assert_eq!(with.log().parted(other.log()), Parted { our_passphrase: true, ..Parted::default() });
    assert_eq!(other.log().parted(with.log()), Parted { their_passphrase: true, ..Parted::default() });
    for _ in 0..2 {
        other.carry_passphrase(&mut open, &with, &mut rng).unwrap();
        let read = AccountKeys::from_bytes(&other.to_bytes()).unwrap();
        assert_same(&read.open_with_passphrase("new").unwrap(), &open);
        assert!(matches!(read.open_with_passphrase("pass"), Err(CryptoError::WrongPassphrase)));
        assert_same(&read.open_with_code(&made.code).unwrap(), &open);
        assert_same(&read.open_with_device(&made.device).unwrap(), &open);
        assert_eq!(read.kdf_params(), with.kdf_params());
        // And onto a new generation.
        if open.generation == 1 {
            other.remove_device(&mut open, third.device_id, LastBatch { ctr: 0, hash: [0; 32] }, &mut rng).unwrap();
        }
    }
    assert!(with.log().parted(other.log()).their_generation);
    let elsewhere = make("elsewhere").account;
    assert!(other.carry_passphrase(&mut open, &elsewhere, &mut rng).is_err());
    assert_same(&other.open_with_passphrase("new").unwrap(), &open);
}

#[test]
fn a_removed_device_opens_nothing_from_then_on_and_all_others_do() {
    let mut made = make("removal");
    let mut rng = SeededRng::new("the lost one");
    let lost = DeviceKeys::generate(&mut rng).unwrap();
    made.account.add_device(&made.open, &lost.public(), &mut rng).unwrap();
    made.open.refresh(&made.account).unwrap();
    let (before, known) = (made.account.clone(), made.open.clone());

    let last = LastBatch { ctr: 4, hash: [9; 32] };
    made.account.remove_device(&mut made.open, lost.device_id, last, &mut rng).unwrap();
    let account = AccountKeys::from_bytes(&made.account.to_bytes()).unwrap();
    assert_eq!((account.generation(), account.log().claimed_members().removed(lost.device_id)), (2, Some(last)));
    assert_same(&account.open_with_passphrase("pass").unwrap(), &made.open);
    assert_same(&account.open_with_code(&made.code).unwrap(), &made.open);
    assert_same(&account.open_with_device(&made.device).unwrap(), &made.open);

    // All that the lost device has: its own keys, and the key of the account as it was.
    assert!(matches!(account.open_with_device(&lost), Err(CryptoError::NotOpened)));
    assert!(matches!(account.open_with_key(known.account_key.clone()), Err(CryptoError::NotOpened)));
    assert_ne!(made.open.account_key.expose(), known.account_key.expose());
    let (old, new) = (&known.spaces[&SPACE], &made.open.spaces[&SPACE]);
    assert_eq!((old.current_epoch().0, new.current_epoch().0), (1, 2));
    assert_eq!(new.epoch_keys[&1].expose(), old.epoch_keys[&1].expose(), "what was sealed before can be read");
    assert_ne!(new.epoch_keys[&2].expose(), old.epoch_keys[&1].expose());
    assert_eq!(new.current_id_key().1.expose(), old.current_id_key().1.expose());

    // It signs what it likes on the state that it knew. Nobody who knows of the removal takes that for newer.
    let mut forged = before;
    let another = DeviceKeys::generate(&mut rng).unwrap();
    forged.add_device(&known, &another.public(), &mut rng).unwrap();
    assert_eq!(account.log().standing_of(forged.log()), Standing::GivenUp);

    assert!(made.account.remove_device(&mut made.open, lost.device_id, last, &mut rng).is_err(), "once");
    assert!(made.account.add_device(&made.open, &lost.public(), &mut rng).is_err(), "for good");
}

#[test]
fn a_passphrase_that_is_changed_with_a_removal_never_gets_the_new_key() {
    let mut made = make("removal and passphrase");
    let mut rng = SeededRng::new("both");
    let lost = DeviceKeys::generate(&mut rng).unwrap();
    made.account.add_device(&made.open, &lost.public(), &mut rng).unwrap();
    made.open.refresh(&made.account).unwrap();
    made.account.set_passphrase(&mut made.open, "new", &mut rng).unwrap();
    let none = LastBatch { ctr: 0, hash: [0; 32] };
    made.account.remove_device(&mut made.open, lost.device_id, none, &mut rng).unwrap();
    assert_same(&made.account.open_with_passphrase("new").unwrap(), &made.open);
    assert!(matches!(made.account.open_with_passphrase("pass"), Err(CryptoError::WrongPassphrase)));
}

#[test]
fn a_server_that_wraps_an_account_of_its_own_is_refused() {
    let made = made();
    let mut rng = SeededRng::new("evil server");
    // All it knows is public: the same account id, the same public keys, and the sealed boxes to copy.
    let theirs = AccountKey::generate(&mut rng).unwrap();
    let mut log = MembershipLog::create(&theirs, ACCOUNT, &[SPACE]).unwrap();
    for entry in &made.account.log.entries()[1..] {
        log.append(&theirs, entry.body().clone()).unwrap();
    }
    let open = OpenAccount {
        members: log.verify(&theirs).unwrap(),
        membership_head: log.head(),
        account_key: theirs,
        ..made.open.clone()
    };
    let mut forged = AccountKeys { log, ..made.account.clone() };
    forged.seal_spaces(&open, &mut rng).unwrap();
    forged.make_wraps(&open, &mut rng).unwrap();
    let forged = AccountKeys::from_bytes(&forged.to_bytes()).unwrap();
    assert!(matches!(forged.open_with_passphrase("pass"), Err(CryptoError::NotOpened)));
    assert!(matches!(forged.open_with_code(&made.code), Err(CryptoError::NotOpened)));
    // A device has its own log to compare with: see the key file's tests.
    assert!(forged.open_with_device(&made.device).is_ok());
}

#[test]
fn weaker_settings_from_a_server_are_refused() {
    let made = made();
    let mut weak = made.account.clone();
    weak.passphrase.kdf.memory_kib = 1024;
    assert!(matches!(weak.open_with_passphrase("pass"), Err(CryptoError::WeakKdf)));
    let mut other = made.account.clone();
    other.passphrase.kdf.passes += 1;
    assert!(matches!(other.open_with_passphrase("pass"), Err(CryptoError::WrongPassphrase)));
}

type Spoil = fn(&mut AccountKeys);

#[test]
fn parts_spoiled_exchanged_or_left_out_are_noticed_by_every_recipient() {
    let made = made();
    let spoil: [(&str, Spoil); 5] = [
        ("passphrase box", |a| a.passphrase_box[60] ^= 1),
        ("code anchor", |a| a.code_anchor[60] ^= 1),
        ("the passphrase's wrap", |a| a.wraps.retain(|wrap| wrap.kind != RecipientKind::Passphrase)),
        ("space keys", |a| a.spaces.get_mut(&SPACE).unwrap()[60] ^= 1),
        ("no space keys", |a| a.spaces.clear()),
    ];
    for (what, spoil) in spoil {
        let mut account = made.account.clone();
        spoil(&mut account);
        assert!(account.open_with_device(&made.device).is_err(), "{what}");
        assert!(account.open_with_key(made.open.account_key.clone()).is_err(), "{what}, by the key itself");
    }
    assert_same(&made.account.open_with_key(made.open.account_key.clone()).unwrap(), &made.open);
    assert!(made.account.open_with_key(make("another").open.account_key).is_err());
}

#[test]
fn any_flipped_byte_or_cut_of_the_stored_form_is_an_error() {
    let bytes = made().account.to_bytes();
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 0x40;
        assert!(AccountKeys::from_bytes(&altered).is_err(), "byte {place}");
        assert!(AccountKeys::from_bytes(&bytes[..place]).is_err(), "{place} bytes");
    }
    assert!(AccountKeys::from_bytes(&[bytes, vec![0]].concat()).is_err());
    assert!(matches!(AccountKeys::from_bytes(&vec![0; MAX_BYTES + 1]), Err(CryptoError::TooLarge)));
}

proptest! {
    /// A forger repairs the checksum. The MAC below the account key still tells.
    #[test]
    fn a_forged_checksum_opens_nothing(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let made = made();
        let bytes = made.account.to_bytes();
        let mut body = from_envelope(&bytes, format::NAME, format::VERSION, MAX_BYTES).unwrap().to_vec();
        let place = place.index(body.len());
        body[place] ^= flip;
        if let Ok(account) = AccountKeys::from_bytes(&to_envelope(format::NAME, format::VERSION, &body)) {
            prop_assert!(account == made.account || account.open_with_device(&made.device).is_err());
        }
    }
}

#[test]
fn debug_shows_no_key() {
    let made = made();
    let text = format!("{:?}", made.open);
    assert!(text.contains("AccountKey(..)") && text.contains("EpochKey(..)"));
    assert!(!text.contains(&format!("{:?}", made.open.account_key.expose())));
}
