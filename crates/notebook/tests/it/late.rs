//! What a removed computer sent to a server that had forgotten the removal, and a member has built on: it goes back to a
//! server that lost it once more, and nobody waits for it for ever.

use holdfast_domain::NoteId;
use holdfast_notebook::NotebookError;
use holdfast_notebook::sync::{WhySetAside, sign_in};
use holdfast_protocol::ProtocolError;
use holdfast_sync::SyncState;
use holdfast_testkit::{Backup, PASSPHRASE, TestDevice, World};

use crate::syncing::shown;

/// A removed B, and the server forgot it. B was in again and sent two notes, of which C, who knew of no removal, went on
/// with one. A has read nothing of that.
struct Forgotten {
    w: World,
    backup: Backup,
    shared: NoteId,
    alone: NoteId,
}

async fn forgotten() -> Forgotten {
    let mut w = World::of(3);
    let shared = w["A"].add("Shared", "old\n");
    w.sync_all().await;
    let backup = w.server.backup().await;
    w["A"].syncer().remove_device(w["B"].id(), None).await.unwrap();
    w["A"].sync().await;
    w.server.restore(&backup).await;
    sign_in(w["B"].vault(), w["B"].connect(), PASSPHRASE).await.unwrap();
    let alone = w["B"].add("Alone", "nobody built on it\n");
    w["B"].write(shared, "one\ntwo, late\n");
    w["B"].sync().await;
    w["C"].sync().await;
    w["C"].write(shared, "one, by C\ntwo, late\n");
    w["C"].sync().await;
    Forgotten { w, backup, shared, alone }
}

/// Has what C built on, and not what nobody did.
fn assert_built_on_only(d: &TestDevice, f: &Forgotten) {
    assert_eq!(d.body(f.shared), "one, by C\ntwo, late\n", "{}: nothing of C's waits", d.name);
    assert_eq!(d.vault().history(f.shared.into()).unwrap().len(), 3, "{}", d.name);
    let aside: Vec<_> = d.vault().set_aside().unwrap().into_iter().collect();
    assert_eq!(aside, [(WhySetAside::Removed, 1)], "{}: nothing is taken over silently, nor lost", d.name);
    assert!(d.vault().note(f.alone).is_err(), "{}", d.name);
    assert_eq!(d.syncer().status().unwrap().state, SyncState::UpToDate, "{}", d.name);
}

#[tokio::test]
async fn what_a_member_built_on_goes_back_to_a_server_that_lost_it() {
    let mut f = forgotten().await;
    f.w.server.restore(&f.backup).await;
    // It hears of the removal before C, who alone has what B sent, comes by.
    for name in ["A", "C", "A", "C"] {
        f.w[name].sync().await;
    }
    assert_built_on_only(&f.w["A"], &f);
    let fresh = TestDevice::join("Fresh", &f.w.dir.path().join("fresh"), &f.w.clock, &f.w.server).await.unwrap();
    fresh.sync().await;
    assert_built_on_only(&fresh, &f);
    assert_eq!(f.w["C"].body(f.alone), "nobody built on it\n", "who had it keeps it");
    assert_eq!(f.w["C"].vault().set_aside().unwrap().len(), 0);
    // Nor is B in again by that.
    let refused = sign_in(f.w["B"].vault(), f.w["B"].connect(), PASSPHRASE).await;
    assert!(matches!(refused, Err(NotebookError::Protocol(ProtocolError::DeviceRemoved))), "{refused:?}");
    // And once more, now that A knows all of it: each of them brings it back.
    let before = shown(&f.w["A"]);
    f.w.server.restore(&f.backup).await;
    for name in ["A", "C", "A", "C"] {
        f.w[name].sync().await;
    }
    assert_built_on_only(&f.w["A"], &f);
    assert_eq!(shown(&f.w["A"]), before);
}
