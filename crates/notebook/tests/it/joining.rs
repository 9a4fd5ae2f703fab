//! Adding a server, joining an account, signing in again.

use std::path::PathBuf;
use std::sync::Arc;

use holdfast_notebook::sync::{self, Connect, Happened, ServerAddress, Syncer};
use holdfast_notebook::{NewNote, NotebookError, NotesFilter, Vault, vault_exists};
use holdfast_protocol::ProtocolError;
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, Network, PASSPHRASE, TestClock, TestDevice, USER, World};

use crate::syncing::assert_same;

async fn create(w: &World, link: &str, user: &str, passphrase: &str) -> Result<(), NotebookError> {
    sync::create_account(w["A"].vault(), w["A"].connect(), link, user, passphrase, None).await
}

async fn join(w: &World, user: &str, passphrase: &str) -> Result<Vault, NotebookError> {
    let dir = w.dir.path().join("new");
    sync::join(&dir, w["A"].connect(), &w.server.link(), user, passphrase, "New", w.clock.env()).await
}

#[tokio::test]
async fn an_account_takes_all_that_was_written_before_it() {
    let mut w = World::alone();
    let id = w["A"].add("Before", "one\n");
    w["A"].write(id, "two\n");
    w["A"].type_body(id, "three\n");
    assert_eq!(w["A"].vault().sync_status().unwrap().state, SyncState::LocalOnly);
    create(&w, &w.server.link(), USER, PASSPHRASE).await.unwrap();
    assert!(w["A"].vault().sync_status().unwrap().waiting >= 3);
    w["A"].sync().await;
    let b = TestDevice::join("B", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(b);
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "three\n");
    assert_eq!(w["B"].vault().history(id.into()).unwrap().len(), 3);
    let again = create(&w, &w.server.link(), USER, PASSPHRASE).await;
    assert!(matches!(again, Err(NotebookError::HasServer(_))), "{again:?}");
}

/// Who did not add a computer wants to hear of it, once; and who joins finds those that were there, which is no news.
#[tokio::test]
async fn the_others_are_told_of_a_computer_that_joined() {
    let mut w = World::of(2);
    w.sync_all().await;
    let third = TestDevice::join("Third", w.dir.path(), &w.clock, &w.server).await.unwrap();
    w.devices.push(third);
    w.sync_all().await;
    w["Third"].syncer().vault().rename_device("Third of three").unwrap();
    w.sync_all().await;
    let told = |name: &str| {
        let lines = w[name].vault().activity(100).unwrap().into_iter().filter(|a| a.what == Happened::Joined);
        lines.map(|a| a.message).collect::<Vec<_>>()
    };
    for old in ["A", "B"] {
        let of_the_third: Vec<_> = told(old).into_iter().filter(|line| line.contains("Third")).collect();
        assert_eq!(of_the_third, ["“Third” joined the account"], "{old}");
    }
    assert_eq!(told("Third"), [""; 0]);
}

#[tokio::test]
async fn what_is_wrong_with_a_link_a_name_or_a_passphrase_is_said() {
    let w = World::alone();
    let link = w.server.link();
    for bad in ["", "https://example.org", "holdfast://", &link[..link.len() - 8]] {
        let said = create(&w, bad, USER, PASSPHRASE).await;
        assert!(matches!(said, Err(NotebookError::LinkInvalid(_))), "{bad:?}: {said:?}");
    }
    let said = create(&w, &link, USER, "wrong").await;
    assert!(matches!(said, Err(NotebookError::WrongPassphrase)), "{said:?}");
    let short = w.server.link_for(10);
    w.clock.advance(10_000);
    let said = create(&w, &short, USER, PASSPHRASE).await;
    assert!(matches!(said, Err(NotebookError::LinkExpired)), "{said:?}");
    // By the server's clock, where this computer's is behind.
    w.clock.set(w.clock.now_ms() - 5_000);
    let link = holdfast_notebook::sync::read_link(&short).unwrap();
    assert!(link.expires_ms > w.clock.now_ms());
    assert_eq!(w["A"].vault().sync_status().unwrap().state, SyncState::LocalOnly);
    w["A"].net.turn_off();
    let said = create(&w, &w.server.link(), USER, PASSPHRASE).await;
    assert!(
        matches!(said, Err(NotebookError::Protocol(ProtocolError::Unreachable(_) | ProtocolError::NoNetwork))),
        "{said:?}"
    );
    w["A"].net.turn_on();
    create(&w, &w.server.link(), USER, PASSPHRASE).await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_and_another_one_works() {
    let w = World::of(1);
    let other = TestDevice::create("Other", w.dir.path(), &w.clock, &w.server);
    let id = other.add("Mine", "text\n");
    let said = other.create_account(&w.server).await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::UserTaken))), "{said:?}");
    assert_eq!(other.body(id), "text\n");
    let link = w.server.link();
    sync::create_account(other.vault(), other.connect(), &link, "bob", PASSPHRASE, Some("Bob's")).await.unwrap();
    other.sync().await;
    w["A"].sync().await;
    assert!(w["A"].vault().note(id).is_err(), "another account's note");
}

#[tokio::test]
async fn an_account_whose_answer_was_lost_is_made_by_the_next_try() {
    let w = World::alone();
    w["A"].add("T", "text\n");
    w["A"].net.fail(0, Fault::DropAnswer);
    assert!(w["A"].create_account(&w.server).await.is_err());
    assert_eq!(w["A"].vault().sync_status().unwrap().state, SyncState::LocalOnly);
    w["A"].create_account(&w.server).await.unwrap();
    w["A"].sync().await;
}

#[tokio::test]
async fn joining_refuses_where_a_vault_is_and_what_does_not_fit() {
    let w = World::of(1);
    let dir = w["A"].dir.clone();
    let there = sync::join(&dir, w["A"].connect(), &w.server.link(), USER, PASSPHRASE, "X", w.clock.env()).await;
    assert!(matches!(there, Err(NotebookError::VaultExists(_))), "{there:?}");
    for (user, passphrase) in [(USER, "wrong"), ("nobody", PASSPHRASE)] {
        let said = join(&w, user, passphrase).await;
        assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::WrongLogin))), "{said:?}");
        assert!(!vault_exists(&w.dir.path().join("new")).unwrap());
    }
    w.server.lies.about_keys(|mut keys| {
        let middle = keys.len() / 2;
        keys[middle] ^= 1;
        Ok(keys)
    });
    let said = join(&w, USER, PASSPHRASE).await;
    assert!(matches!(said, Err(NotebookError::HostileServer(_))), "{said:?}");
    assert!(!vault_exists(&w.dir.path().join("new")).unwrap());
    w.server.lies.be_honest();
    join(&w, USER, PASSPHRASE).await.unwrap();
}

#[tokio::test]
async fn joining_by_a_link_without_an_invitation_or_past_its_time_works() {
    let w = World::of(1);
    let link = w.server.link_for(1);
    w.clock.advance(5_000);
    let dir = w.dir.path().join("new");
    sync::join(&dir, w["A"].connect(), &link, USER, PASSPHRASE, "New", w.clock.env()).await.unwrap();
}

#[tokio::test]
async fn two_devices_that_join_at_once_are_both_members() {
    let mut w = World::of(1);
    let id = w["A"].add("T", "text\n");
    w["A"].sync().await;
    // While the first one is between reading the keys and putting them, the second one joins whole.
    let (server, clock, dir) = (&w.server, &w.clock, w.dir.path());
    let (one, two) =
        tokio::join!(TestDevice::join("One", dir, clock, server), TestDevice::join("Two", dir, clock, server));
    w.devices.extend([one.unwrap(), two.unwrap()]);
    w.sync_all().await;
    w["One"].write(id, "by one\n");
    w["One"].sync().await;
    w["Two"].sync().await;
    w["Two"].write(id, "by two\n");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["A"].body(id), "by two\n");
}

#[tokio::test]
async fn keys_that_changed_while_joining_are_read_again() {
    let w = World::of(1);
    let (first, second) = (w.dir.path().join("first"), w.dir.path().join("second"));
    let (net, link) = (Network::default(), w.server.link());
    let connect = net.connect(w.server.connect());
    let (over, other_link, env) = (w.server.connect(), link.clone(), w.clock.env());
    net.before("put_keys", async move {
        sync::join(&second, &over, &other_link, USER, PASSPHRASE, "Second", env).await.unwrap();
    });
    let joined = sync::join(&first, &connect, &link, USER, PASSPHRASE, "First", w.clock.env()).await.unwrap();
    assert_eq!(net.take_requests(), ["prelogin", "login", "put_keys", "get_keys", "put_keys"]);
    let id = joined.add_note(&NewNote { title: "By the first".into(), ..NewNote::default() }).unwrap();
    let syncer = sync::Syncer::new(Arc::new(joined), connect).unwrap();
    syncer.run_once().await.unwrap();
    w["A"].sync().await;
    assert_eq!(w["A"].note(id).row.title, "By the first");
}

#[tokio::test]
async fn a_session_that_ended_asks_to_sign_in_and_goes_on_after_it() {
    let w = World::of(2);
    let id = w["A"].add("T", "text\n");
    w.clock.advance(400 * 24 * 3600 * 1000);
    let said = w["A"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::Unauthorized))), "{said:?}");
    let status = w["A"].syncer().status().unwrap();
    assert_eq!((status.state, status.waiting), (SyncState::NeedsSignIn, 1));
    assert!(w["A"].try_sync().await.is_err(), "and no request");
    let said = sync::sign_in(w["A"].vault(), w["A"].connect(), "wrong").await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::WrongLogin))), "{said:?}");
    for d in &w.devices {
        sync::sign_in(d.vault(), d.connect(), PASSPHRASE).await.unwrap();
    }
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "text\n");
}

#[tokio::test]
async fn a_new_passphrase_set_by_the_code_reaches_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = World::alone();
    let code = w["A"].vault().unconfirmed_code().unwrap().unwrap().to_phrase();
    w["A"].create_account(&w.server).await.unwrap();
    w["A"].sync().await;
    w["A"].close();
    let vault = Vault::open_with_code(&w["A"].dir, &code, "a new one", w.clock.env()).unwrap();
    let syncer = sync::Syncer::new(Arc::new(vault), w["A"].connect().clone()).unwrap();
    syncer.run_once().await.unwrap();
    let old = sync::join(dir.path(), w["A"].connect(), &w.server.link(), USER, PASSPHRASE, "B", w.clock.env()).await;
    assert!(matches!(old, Err(NotebookError::Protocol(ProtocolError::WrongLogin))), "{old:?}");
    let new = sync::join(dir.path(), w["A"].connect(), &w.server.link(), USER, "a new one", "B", w.clock.env()).await;
    new.unwrap();
}

#[tokio::test]
async fn a_new_passphrase_goes_through_though_another_device_joined_meanwhile() {
    let mut w = World::alone();
    let code = w["A"].vault().unconfirmed_code().unwrap().unwrap().to_phrase();
    w["A"].create_account(&w.server).await.unwrap();
    w["A"].sync().await;
    w["A"].close();
    let b = TestDevice::join("B", w.dir.path(), &w.clock, &w.server).await.unwrap();
    let id = b.add("By B", "text\n");
    b.sync().await;
    let vault = Vault::open_with_code(&w["A"].dir, &code, "a new one", w.clock.env()).unwrap();
    let vault = Arc::new(vault);
    let syncer = sync::Syncer::new(vault.clone(), w["A"].connect().clone()).unwrap();
    syncer.run_once().await.unwrap();
    assert_eq!(vault.note(id).unwrap().row.body, "text\n");
    b.sync().await;
    vault.close().unwrap();
    drop((syncer, vault));
    Vault::open(&w["A"].dir, "a new one", w.clock.env()).unwrap();
    let c = w.dir.path().join("C");
    let joined = sync::join(&c, w["A"].connect(), &w.server.link(), USER, "a new one", "C", w.clock.env()).await;
    let count = joined.unwrap().list_notes(&NotesFilter::default()).unwrap().len();
    assert_eq!(count, 0, "nothing before its first sync");
}

#[tokio::test]
async fn a_connection_goes_to_the_address_of_the_link() {
    let w = World::alone();
    let link = w.server.link();
    let asked = Arc::new(std::sync::Mutex::new(Vec::<ServerAddress>::new()));
    let (log, over) = (asked.clone(), w["A"].connect().clone());
    let connect: sync::Connect = Arc::new(move |address: &ServerAddress| {
        log.lock().unwrap().push(address.clone());
        over(address)
    });
    sync::create_account(w["A"].vault(), &connect, &link, USER, PASSPHRASE, None).await.unwrap();
    let parsed = sync::read_link(&format!("  {link}\n")).unwrap();
    assert_eq!(*asked.lock().unwrap(), [ServerAddress { url: parsed.url, pin: parsed.pin }]);
}

#[tokio::test]
async fn a_computer_that_joins_reads_the_log_once_and_tells_its_name_then() {
    let w = World::of(1);
    w["A"].net.take_requests();
    let dir = w.dir.path().join("new");
    let connect = w["A"].connect();
    let vault = sync::join(&dir, connect, &w.server.link(), USER, PASSPHRASE, "a", w.clock.env()).await.unwrap();
    assert!(!w["A"].net.take_requests().contains(&"log"), "a slow connection has no note to show meanwhile");
    let called = |vault: &Vault| {
        let devices = vault.sync_status().unwrap().devices;
        let told = vault.device_names().unwrap()[&vault.device()].clone();
        assert_eq!(devices.iter().find(|d| d.this_device).unwrap().name, told);
        told
    };
    assert_eq!(called(&vault), "a");

    // What is written before the first sync is over goes out, and so does the name, once.
    let id = vault.add_note(&NewNote { title: "Early".into(), ..NewNote::default() }).unwrap();
    let vault = Arc::new(vault);
    let syncer = Syncer::new(vault.clone(), connect.clone()).unwrap();
    syncer.run_once().await.unwrap();
    assert_eq!(called(&vault), "a 2");
    assert_eq!(vault.sync_status().unwrap().waiting, 0);
    assert_eq!(syncer.run_once().await.unwrap().pushed, 0);
    w["A"].sync().await;
    assert_eq!(w["A"].vault().device_names().unwrap()[&vault.device()], "a 2");
    assert_eq!(w["A"].note(id).row.title, "Early");

    // Who gave it a name meanwhile keeps that.
    let dir = w.dir.path().join("third");
    let vault = sync::join(&dir, connect, &w.server.link(), USER, PASSPHRASE, "a", w.clock.env()).await.unwrap();
    vault.rename_device("Shed").unwrap();
    assert_eq!(called(&vault), "Shed");
    let vault = Arc::new(vault);
    Syncer::new(vault.clone(), connect.clone()).unwrap().run_once().await.unwrap();
    assert_eq!(called(&vault), "Shed");
}

/// Before each of so many pushes of that network another computer joins.
fn somebody_joins(net: Network, times: u32, dir: PathBuf, with: (Connect, String, TestClock)) {
    if times == 0 {
        return;
    }
    net.clone().before("push", async move {
        let (connect, link, clock) = &with;
        let new = dir.join(format!("joins {times}"));
        sync::join(&new, connect, link, USER, PASSPHRASE, "New", clock.env()).await.unwrap();
        somebody_joins(net, times - 1, dir, with);
    });
}

/// The account's keys are other ones at each push: what is sealed is under those that are read, and the sync goes through.
#[tokio::test]
async fn computers_that_join_one_after_another_do_not_fail_a_push() {
    let w = World::of(2);
    w.sync_all().await;
    let id = w["A"].add("T", "while others join\n");
    let with = (w["B"].connect().clone(), w.server.link(), w.clock.clone());
    somebody_joins(w["A"].net.clone(), 3, w.dir.path().to_owned(), with);
    w["A"].net.take_requests();
    w["A"].sync().await;
    assert_eq!(w["A"].net.take_requests().into_iter().filter(|r| *r == "push").count(), 4, "three were too early");
    w["B"].sync().await;
    assert_eq!(w["B"].body(id), "while others join\n");
    assert_eq!(w["A"].vault().history(id.into()).unwrap().len(), 1);
    // Not for ever.
    w["A"].write(id, "and on\n");
    let with = (w["B"].connect().clone(), w.server.link(), w.clock.clone());
    let dir = w.dir.path().join("more");
    std::fs::create_dir(&dir).unwrap();
    somebody_joins(w["A"].net.clone(), 20, dir, with);
    let tried = w["A"].try_sync().await;
    assert!(matches!(tried, Err(NotebookError::Protocol(ProtocolError::KeysChanged { .. }))), "{tried:?}");
    assert_eq!(w["A"].syncer().status().unwrap().waiting, 1);
    w["A"].net.heal();
}
