//! A passphrase that somebody was told is set opens every vault, and signs in, in the end: through races, lost answers,
//! ends at any point, restored servers and sessions that ended. And it never holds the notes up.

use std::sync::Arc;

use holdfast_crypto::{DeviceKeys, KeyFile, OsRng, PassphraseKeys};
use holdfast_notebook::sync::{self, Happened, Syncer};
use holdfast_notebook::{NotebookError, Vault};
use holdfast_protocol::{
    Claim, DeviceId, DeviceRegistration, KdfParams, Login, LoginMethod, LoginSecret, ProtocolError, PutKeys,
    SyncProtocol as _, Token, keys_hash, session_bytes,
};
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, PASSPHRASE, TestDevice, USER, World};

use crate::syncing::assert_same;

const NEW: &str = "a new one";
const OTHER: &str = "another new one";

/// Whether somebody can sign in with this passphrase, and open what comes.
async fn joins(w: &World, passphrase: &str) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let connect = w.server.connect();
    let joined =
        sync::join(&dir.path().join("v"), &connect, &w.server.link(), USER, passphrase, "New", w.clock.env()).await;
    match joined {
        Ok(_) => true,
        Err(NotebookError::Protocol(ProtocolError::WrongLogin)) => false,
        Err(other) => panic!("the login and the keys have parted: {other}"),
    }
}

fn opens(d: &TestDevice, passphrase: &str) -> bool {
    KeyFile::read(&d.dir.join("vault.keys")).unwrap().open_with_passphrase(passphrase).is_ok()
}

/// `yes` is the passphrase of everything that there is, and `no` of nothing.
async fn assert_passphrase(w: &World, yes: &str, no: &[&str]) {
    w.sync_all().await;
    for d in &w.devices {
        assert!(d.vault().check_passphrase(yes).is_ok() && opens(d, yes), "{}", d.name);
        assert!(d.syncer().problem().is_none(), "{}: {:?}", d.name, d.syncer().problem());
        assert_eq!(d.syncer().status().unwrap().state, SyncState::UpToDate);
    }
    for no in no {
        assert!(!joins(w, no).await, "{no} signs in");
        assert!(w.devices.iter().all(|d| d.vault().check_passphrase(no).is_err()));
    }
    assert!(joins(w, yes).await, "{yes} does not sign in");
}

fn change(d: &TestDevice, from: &str, to: &str) {
    d.vault().change_passphrase(from, to).unwrap();
}

fn told(d: &TestDevice) -> Vec<String> {
    let lines = d.vault().activity(100).unwrap().into_iter().filter(|a| a.what == Happened::Account);
    lines.map(|a| a.message).collect()
}

async fn end_sessions(w: &World, names: &[&str]) {
    w.clock.advance(400 * 24 * 3600 * 1000);
    for name in names {
        let said = w[*name].try_sync().await;
        assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::Unauthorized))), "{said:?}");
    }
}

async fn sign_in(d: &TestDevice, passphrase: &str) -> Result<(), NotebookError> {
    sync::sign_in(d.vault(), d.connect(), passphrase).await
}

#[tokio::test]
async fn a_change_that_waits_survives_another_computers_and_signing_in() {
    // With the one before, which is the server's, and with the new one, which is the vault's.
    for typed in [PASSPHRASE, NEW] {
        let mut w = World::of(2);
        w.sync_all().await;
        end_sessions(&w, &["A", "B"]).await;
        change(&w["A"], PASSPHRASE, NEW);
        sign_in(&w["B"], PASSPHRASE).await.unwrap();
        let third = TestDevice::join("Third", w.dir.path(), &w.clock, &w.server).await.unwrap();
        third.sync().await;
        w["B"].sync().await;
        w.devices.push(third);
        // What neither is, and what is wanted.
        let said = sign_in(&w["A"], "wrong").await;
        assert!(matches!(said, Err(NotebookError::OtherPassphrase)), "{said:?}");
        sign_in(&w["A"], typed).await.unwrap();
        assert!(opens(&w["A"], NEW) && !opens(&w["A"], PASSPHRASE), "at no time");
        w["A"].sync().await;
        assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
    }
}

#[tokio::test]
async fn who_signs_in_after_a_change_elsewhere_types_the_new_one() {
    let w = World::of(2);
    w.sync_all().await;
    end_sessions(&w, &["A", "B"]).await;
    sign_in(&w["B"], PASSPHRASE).await.unwrap();
    change(&w["B"], PASSPHRASE, NEW);
    w["B"].sync().await;
    let said = sign_in(&w["A"], PASSPHRASE).await;
    assert!(matches!(said, Err(NotebookError::OtherPassphrase)), "{said:?}");
    sign_in(&w["A"], NEW).await.unwrap();
    assert!(told(&w["A"])[0].contains("changed on another computer"));
    assert!(told(&w["B"])[0].contains("changed here"));
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
}

#[tokio::test]
async fn a_restored_server_learns_the_passphrase_again() {
    // Whoever comes first: who set it, or who never typed it.
    for first in ["A", "B"] {
        let mut w = World::of(2);
        w.sync_all().await;
        let backup = w.server.backup().await;
        change(&w["A"], PASSPHRASE, NEW);
        w.sync_all().await;
        w.server.restore(&backup).await;
        w[first].sync().await;
        if first == "B" {
            // It cannot: and it says so, holds nothing up, and the other one can.
            let problem = w["B"].vault().passphrase_problem().unwrap();
            assert!(matches!(problem, Some(NotebookError::PassphraseUntold)), "{problem:?}");
            assert!(w["B"].syncer().problem().is_none());
            assert_eq!(w["B"].syncer().status().unwrap().state, SyncState::UpToDate);
            assert!(joins_old_login(&w).await);
        }
        assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
    }
}

/// The login alone, of the one before.
async fn joins_old_login(w: &World) -> bool {
    thief(w, PASSPHRASE).await.is_ok()
}

#[tokio::test]
async fn who_types_the_passphrase_at_last_tells_a_restored_server() {
    let mut w = World::of(2);
    w.sync_all().await;
    let backup = w.server.backup().await;
    change(&w["A"], PASSPHRASE, NEW);
    w.sync_all().await;
    w.server.restore(&backup).await;
    // A is gone for good.
    w.devices.retain(|d| d.name == "B");
    w["B"].sync().await;
    w["B"].close();
    let dir = w["B"].dir.clone();
    Vault::open(&dir, NEW, w.clock.env()).unwrap().close().unwrap();
    w["B"].reopen();
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
}

/// A computer joins the restored server before anybody heals it: the account goes another way, without the passphrase.
#[tokio::test]
async fn a_restore_and_a_join_do_not_bring_the_old_passphrase_back() {
    let mut w = World::of(3);
    w.sync_all().await;
    let backup = w.server.backup().await;
    change(&w["A"], PASSPHRASE, NEW);
    w.sync_all().await;
    w.server.restore(&backup).await;
    let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(late);
    // First those who have it from A.
    w.devices.rotate_left(1);
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
    assert!(told(&w["Late"])[0].contains("changed on another computer"));
    assert_same(&w);
}

#[tokio::test]
async fn a_change_that_waits_holds_no_note_up() {
    for (case, fault) in [("answer lost", Some(Fault::DropAnswer)), ("never sent", None)] {
        let mut w = World::of(2);
        w.sync_all().await;
        w["A"].net.turn_off();
        change(&w["A"], PASSPHRASE, NEW);
        w["A"].net.turn_on();
        if let Some(fault) = fault {
            // The keys are looked at, and put.
            w["A"].net.take_requests();
            w["A"].net.fail(1, fault);
            assert!(w["A"].try_sync().await.is_err());
            assert_eq!(w["A"].net.take_requests().last(), Some(&"put_keys"));
        } else {
            let third = TestDevice::join("Third", w.dir.path(), &w.clock, &w.server).await.unwrap();
            w.devices.push(third);
        }
        // By the keychain: nobody types anything.
        w["A"].crash();
        w["A"].reopen();
        let id = w["A"].add("T", "text\n");
        w["A"].sync().await;
        w["B"].sync().await;
        assert_eq!(w["B"].body(id), "text\n", "{case}");
        assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
    }
}

#[tokio::test]
async fn a_change_that_waits_goes_to_a_server_that_was_set_back() {
    for heals_first in ["A", "B"] {
        let mut w = World::of(3);
        w.sync_all().await;
        let backup = w.server.backup().await;
        let late = TestDevice::join("Late", w.dir.path(), &w.clock, &w.server).await.unwrap();
        late.sync().await;
        w.devices.push(late);
        w.sync_all().await;
        change(&w["A"], PASSPHRASE, NEW);
        let id = w["A"].add("T", "text\n");
        w.server.restore(&backup).await;
        w[heals_first].sync().await;
        // The late one's session is not in the backup.
        assert!(w["Late"].try_sync().await.is_err());
        for name in ["A", "B", "C"] {
            w[name].sync().await;
        }
        sign_in(&w["Late"], NEW).await.unwrap();
        assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
        assert_eq!(w["C"].body(id), "text\n");
    }
}

/// Both were told that theirs is set. One of them holds, everywhere, and the other one's person is told.
#[tokio::test]
async fn of_two_changes_one_holds_and_the_other_is_told() {
    let w = World::of(3);
    w.sync_all().await;
    change(&w["A"], PASSPHRASE, NEW);
    change(&w["B"], PASSPHRASE, OTHER);
    w["B"].sync().await;
    w["C"].sync().await;
    assert_passphrase(&w, NEW, &[PASSPHRASE, OTHER]).await;
    assert!(told(&w["B"])[0].contains("changed on another computer"), "{:?}", told(&w["B"]));
    assert_eq!(told(&w["A"]), ["The passphrase was changed here, and the new one opens this vault from now on"]);
    assert_eq!(told(&w["C"]).len(), 2);
}

/// A passphrase that came with a removal keeps somebody out: a change that was made before it is known goes under, and
/// that is told.
#[tokio::test]
async fn the_passphrase_of_a_removal_holds() {
    let mut w = World::of(3);
    w.sync_all().await;
    change(&w["A"], PASSPHRASE, OTHER);
    let lost = w["C"].id();
    w["B"].syncer().remove_device(lost, Some(NEW)).await.unwrap();
    w.devices.retain(|d| d.name != "C");
    assert_passphrase(&w, NEW, &[PASSPHRASE, OTHER]).await;
    assert!(told(&w["A"])[0].contains("was not kept"), "{:?}", told(&w["A"]));
}

/// A removal without a new passphrase goes beside a change that waits; and one with a new one survives a restore.
#[tokio::test]
async fn a_removal_and_a_change_go_together() {
    let mut w = World::of(3);
    w.sync_all().await;
    let backup = w.server.backup().await;
    change(&w["A"], PASSPHRASE, OTHER);
    let lost = w["C"].id();
    w["B"].syncer().remove_device(lost, None).await.unwrap();
    w.devices.retain(|d| d.name != "C");
    assert_passphrase(&w, OTHER, &[PASSPHRASE]).await;
    w.server.restore(&backup).await;
    assert_passphrase(&w, OTHER, &[PASSPHRASE]).await;
}

#[tokio::test]
async fn a_change_during_a_request_is_not_lost() {
    // Another computer removes one; this one hears of it while its person changes the passphrase.
    let mut w = World::of(3);
    w.sync_all().await;
    w["B"].syncer().remove_device(w["C"].id(), None).await.unwrap();
    let vault = w["A"].vault().clone();
    w["A"].net.before("get_keys", async move { vault.change_passphrase(PASSPHRASE, NEW).unwrap() });
    w.devices.retain(|d| d.name != "C");
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;

    // It removes one itself.
    let fourth = TestDevice::join_with("Fourth", w.dir.path(), &w.clock, &w.server, NEW).await.unwrap();
    w.sync_all().await;
    let vault = w["A"].vault().clone();
    w["A"].net.before("put_keys", async move { vault.change_passphrase(NEW, OTHER).unwrap() });
    w["A"].syncer().remove_device(fourth.id(), None).await.unwrap();
    assert_passphrase(&w, OTHER, &[PASSPHRASE, NEW]).await;

    // And a second change while the first one is sent.
    change(&w["B"], OTHER, NEW);
    let vault = w["B"].vault().clone();
    w["B"].net.before("put_keys", async move { vault.change_passphrase(NEW, "a third").unwrap() });
    assert_passphrase(&w, "a third", &[NEW, OTHER]).await;
}

#[tokio::test]
async fn a_change_while_a_copy_becomes_another_computer_is_not_lost() {
    let mut w = World::of(2);
    w.sync_all().await;
    let server = &w.server;
    let a = w.devices.iter_mut().find(|d| d.name == "A").unwrap();
    let mut copy = a.copy_to(&w.dir.path().join("copies"), server);
    copy.name = "Copy".into();
    w["A"].add("Of A", "a\n");
    w["A"].sync().await;
    copy.add("Of the copy", "c\n");
    let vault = copy.vault().clone();
    copy.net.before("put_keys", async move { vault.change_passphrase(PASSPHRASE, NEW).unwrap() });
    copy.sync().await;
    assert_ne!(copy.id(), w["A"].id());
    w.devices.push(copy);
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
    assert_same(&w);
}

/// A change that fails changed nothing, in memory, on the disk, or at the server.
#[tokio::test]
async fn a_change_that_fails_changed_nothing() {
    let mut w = World::of(2);
    w.sync_all().await;
    // No room for the key file, after the row was written.
    let in_the_way = w["A"].dir.join("vault.keys.new");
    std::fs::create_dir(&in_the_way).unwrap();
    assert!(w["A"].vault().change_passphrase(PASSPHRASE, NEW).is_err());
    std::fs::remove_dir(&in_the_way).unwrap();
    w["A"].vault().check_passphrase(PASSPHRASE).unwrap();
    // As if it ended between the two.
    w["A"].crash();
    w["A"].reopen();
    assert_passphrase(&w, PASSPHRASE, &[NEW]).await;
    // What was left of the try is no hindrance.
    change(&w["A"], PASSPHRASE, NEW);
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
}

/// What somebody does who knows the passphrase, and has no computer of the account.
async fn thief(w: &World, passphrase: &str) -> Result<Token, ProtocolError> {
    let core = w.server.core();
    let kdf: KdfParams = core.prelogin(USER).await?;
    let KdfParams { salt, memory_kib, passes, lanes } = kdf;
    let kdf = holdfast_crypto::KdfParams { salt, memory_kib, passes, lanes };
    let auth = LoginSecret(*PassphraseKeys::derive(passphrase, &kdf).unwrap().auth());
    let login = Login { user: USER.into(), method: LoginMethod::Passphrase, auth, device: None };
    core.login(login).await.map(|session| Token(session.token))
}

#[tokio::test]
async fn junk_in_the_place_of_the_keys_stops_nobody() {
    let w = World::of(3);
    w.sync_all().await;
    let token = thief(&w, PASSPHRASE).await.unwrap();
    let core = w.server.core();
    let ours = core.get_keys(&token).await.unwrap().0;
    let mut spoiled = ours.clone();
    *spoiled.last_mut().unwrap() ^= 1;
    let elsewhere = World::alone();
    let others = KeyFile::read(&elsewhere["A"].dir.join("vault.keys")).unwrap().account().to_bytes();
    for junk in [vec![], vec![0; 40], ours[..ours.len() - 1].to_vec(), spoiled, others] {
        let (_, version) = core.get_keys(&token).await.unwrap();
        core.put_keys(&token, PutKeys::new(version, junk)).await.unwrap();
        let id = w["A"].add("T", "text\n");
        w.sync_all().await;
        assert_eq!(w["C"].body(id), "text\n");
        assert!(told(&w["A"])[0].contains("put them there again"));
    }
    // With a login of the thief's, by a computer of its own: whose session there is goes on, and puts it right.
    let (device, mut rng) = (DeviceKeys::generate(&mut OsRng).unwrap(), OsRng);
    let own = device.public();
    let said = session_bytes(&token, DeviceId(own.device_id));
    let by = Some(Claim { device: DeviceId(own.device_id), signature: device.sign(&said) });
    let add_device = Some(DeviceRegistration { device: DeviceId(own.device_id), sign_pk: own.sign_pk });
    let kdf = holdfast_crypto::KdfParams::recommended(&mut rng).unwrap();
    let kdf = KdfParams { salt: kdf.salt, memory_kib: kdf.memory_kib, passes: kdf.passes, lanes: kdf.lanes };
    let (_, version) = core.get_keys(&token).await.unwrap();
    let new_passphrase = Some((kdf, LoginSecret([9; 32])));
    let put = PutKeys { new_passphrase, add_device, by, ..PutKeys::new(version, vec![1]) };
    core.put_keys(&token, put).await.unwrap();
    assert!(thief(&w, PASSPHRASE).await.is_err());
    w.sync_all().await;
    assert_eq!(core.get_keys(&token).await, Err(ProtocolError::Unauthorized), "it is no member");
    assert_passphrase(&w, PASSPHRASE, &[]).await;
    // A server that hands out nothing else is not the account's: that is said.
    w.server.lies.about_keys(|_| Ok(vec![0; 40]));
    w.server.lies.about_pages(|page| page.keys = Some(keys_hash(&[0; 40])));
    change(&w["A"], PASSPHRASE, NEW);
    let said = w["A"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    w.server.lies.be_honest();
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
}

/// Whatever the server has against it.
#[tokio::test]
async fn a_change_that_the_server_refuses_holds_no_note_up() {
    let w = World::of(2);
    w.sync_all().await;
    for answer in [
        ProtocolError::TooLarge,
        ProtocolError::Refused("no".into()),
        ProtocolError::Server("500".into()),
        ProtocolError::Busy { retry_after_s: Some(9) },
        ProtocolError::KeysChanged { version: 3 },
    ] {
        w["A"].net.refuse(Some(("put_keys", answer)));
        change(&w["A"], PASSPHRASE, PASSPHRASE);
        let id = w["A"].add("T", "not held up\n");
        let other = w["B"].add("T", "of B\n");
        w["B"].sync().await;
        w["A"].sync().await;
        w["B"].sync().await;
        assert_eq!((w["A"].body(other).as_str(), w["B"].body(id).as_str()), ("of B\n", "not held up\n"));
        let problem = w["A"].vault().passphrase_problem().unwrap();
        assert!(matches!(problem, Some(NotebookError::PassphraseWaits)), "{problem:?}");
        w["A"].net.refuse(None);
    }
    assert_passphrase(&w, PASSPHRASE, &[NEW]).await;
    assert_same(&w);
}

/// What seems to be of a newer version is left alone, until somebody removes the computer that may have put it there.
#[tokio::test]
async fn a_removal_goes_through_whatever_the_lost_computer_put_for_the_keys() {
    let mut w = World::of(3);
    w.sync_all().await;
    let token = thief(&w, PASSPHRASE).await.unwrap();
    let core = w.server.core();
    let (mut newer, version) = core.get_keys(&token).await.unwrap();
    let at = (0..newer.len().min(64)).find(|n| {
        let mut changed = newer.clone();
        changed[*n] = changed[*n].wrapping_add(1);
        matches!(holdfast_crypto::AccountKeys::from_bytes(&changed), Err(holdfast_crypto::CryptoError::NewerVersion(_)))
    });
    newer[at.unwrap()] += 1;
    core.put_keys(&token, PutKeys::new(version, newer)).await.unwrap();
    let said = w["A"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::NewerVersion)), "{said:?}");
    w["A"].syncer().remove_device(w["B"].id(), Some(NEW)).await.unwrap();
    w.devices.retain(|d| d.name != "B");
    assert_eq!(core.get_keys(&token).await, Err(ProtocolError::Unauthorized));
    assert_passphrase(&w, NEW, &[PASSPHRASE]).await;
}

/// The window and the terminal have the same vault; this one is asked for what is said where nobody syncs.
#[tokio::test]
async fn what_is_wrong_with_the_passphrase_is_said_without_a_sync() {
    let w = World::of(1);
    w["A"].sync().await;
    assert!(w["A"].vault().passphrase_problem().unwrap().is_none());
    change(&w["A"], PASSPHRASE, NEW);
    assert!(matches!(w["A"].vault().passphrase_problem(), Ok(Some(NotebookError::PassphraseWaits))));
    assert_eq!(w["A"].vault().sync_status().unwrap().state, SyncState::Waiting, "it is not called up to date");
    let syncer = Syncer::new(Arc::clone(w["A"].vault()), w["A"].connect().clone()).unwrap();
    syncer.run_once().await.unwrap();
    assert!(w["A"].vault().passphrase_problem().unwrap().is_none());
    w["A"].net.take_requests();
    syncer.run_once().await.unwrap();
    assert_eq!(w["A"].net.take_requests(), ["log"], "and nothing is asked twice");
}
