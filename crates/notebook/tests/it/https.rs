//! The same over real HTTPS.

use std::sync::Arc;

use holdfast_notebook::sync::{self, ServerAddress};
use holdfast_notebook::{NotebookError, vault_exists};
use holdfast_protocol::{JoinLink, ProtocolError};
use holdfast_sync::SyncState;
use holdfast_testkit::{PASSPHRASE, USER, World};

use crate::syncing::assert_same;

#[tokio::test]
async fn two_devices_work_together_over_https() {
    let mut w = World::https_pair().await;
    let id = w["A"].add("T", "one\n\ntwo\n");
    let path = w.dir.path().join("f.bin");
    std::fs::write(&path, vec![3; 100_000]).unwrap();
    w["A"].vault().attach_file(id, &path).unwrap();
    w.sync_all().await;
    w["A"].replace(id, "one", "ONE");
    w["B"].replace(id, "two", "TWO");
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "ONE\n\nTWO\n");
    assert!(w["B"].vault().attachments(id).unwrap()[0].here);
    // The server goes and comes back.
    w.server.stop().await;
    w["A"].replace(id, "ONE", "offline");
    let said = w["A"].try_sync().await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::Unreachable(_)))), "{said:?}");
    w.server.start().await;
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "offline\n\nTWO\n");
    // Nobody may be another server.
    let over = w["A"].connect().clone();
    let wrong: sync::Connect = Arc::new(move |address: &ServerAddress| {
        let mut address = address.clone();
        address.pin[0] ^= 1;
        over(&address)
    });
    let syncer = sync::Syncer::new(w["A"].vault().clone(), wrong).unwrap();
    w["A"].write(id, "more\n");
    let said = syncer.run_once().await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::PinMismatch))), "{said:?}");
    let status = syncer.status().unwrap();
    assert_eq!((status.state, status.waiting), (SyncState::Unreachable, 1));
    // Who stood in between may go without a word.
    assert!(status.next_try_ms.is_some());
}

#[tokio::test]
async fn a_link_with_another_key_joins_nothing() {
    let w = World::https_pair().await;
    let link = sync::read_link(&w.server.link()).unwrap();
    let mut pin = link.pin;
    pin[9] ^= 1;
    let forged = JoinLink::new(&link.url, pin, link.invitation.clone(), link.expires_ms).unwrap().to_string();
    let dir = w.dir.path().join("new");
    let said = sync::join(&dir, w["A"].connect(), &forged, USER, PASSPHRASE, "New", w.clock.env()).await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::PinMismatch))), "{said:?}");
    assert!(!vault_exists(&dir).unwrap());
    let nobody = JoinLink::new("https://127.0.0.1:9", link.pin, None, 0).unwrap().to_string();
    let said = sync::join(&dir, w["A"].connect(), &nobody, USER, PASSPHRASE, "New", w.clock.env()).await;
    assert!(matches!(said, Err(NotebookError::Protocol(ProtocolError::Unreachable(_)))), "{said:?}");
}
