//! Requests and answers that are lost, processes that end, servers that come back.

use holdfast_notebook::NotebookError;
use holdfast_notebook::sync::Happened;
use holdfast_protocol::ProtocolError;
use holdfast_sync::SyncState;
use holdfast_testkit::{Fault, World};

use crate::syncing::assert_same;

fn revisions(w: &World, name: &str, id: holdfast_domain::NoteId) -> usize {
    w[name].vault().history(id.into()).unwrap().len()
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_makes_no_duplicate() {
    let w = World::of(2);
    w.sync_all().await;
    let id = w["A"].add("T", "one\n");
    w["A"].net.fail(0, Fault::DropAnswer);
    assert!(w["A"].try_sync().await.is_err());
    let status = w["A"].syncer().status().unwrap();
    assert_eq!((status.state, status.waiting), (SyncState::Unreachable, 1), "not confirmed");
    // It has arrived all the same, and the other device writes on it before the retry.
    w["B"].sync().await;
    w["B"].write(id, "two\n");
    w["B"].sync().await;
    w["A"].write(id, "one\nthree\n");
    w["A"].net.take_requests();
    w["A"].sync().await;
    assert_eq!(w["A"].net.take_requests(), ["push", "push", "log"]);
    assert_eq!(revisions(&w, "A", id), 3);
    w.sync_all().await;
    assert_same(&w);
}

#[tokio::test]
async fn a_retry_alone_is_not_taken_for_all_of_the_log() {
    let w = World::of(2);
    w.sync_all().await;
    let id = w["A"].add("T", "one\n");
    w["A"].net.fail(0, Fault::DropAnswer);
    assert!(w["A"].try_sync().await.is_err());
    w["B"].sync().await;
    w["B"].write(id, "two\n");
    w["B"].sync().await;
    w["A"].sync().await;
    assert_eq!(w["A"].body(id), "two\n");
    assert_same(&w);
}

#[tokio::test]
async fn a_process_that_ends_between_storing_and_sending_sends_the_same_later() {
    for fault in [Fault::DropRequest, Fault::DropAnswer] {
        let mut w = World::of(2);
        w.sync_all().await;
        let id = w["A"].add("T", "one\n");
        w["A"].net.fail(0, fault);
        assert!(w["A"].try_sync().await.is_err());
        w["A"].crash();
        w["A"].reopen();
        w["A"].write(id, "two\n");
        assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 2);
        w["A"].sync().await;
        w.sync_all().await;
        assert_same(&w);
        assert_eq!((revisions(&w, "B", id), w["B"].body(id).as_str()), (2, "two\n"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_pull_whose_answer_is_lost_is_asked_again() {
    let w = World::of(2);
    let id = w["A"].add("T", "one\n");
    w["A"].sync().await;
    for fault in [Fault::DropRequest, Fault::DropAnswer] {
        w["B"].net.fail(0, fault);
        assert!(w["B"].try_sync().await.is_err());
        assert!(w["B"].vault().note(id).is_err());
    }
    w["B"].sync().await;
    assert_eq!(w["B"].body(id), "one\n");
}

#[tokio::test]
async fn working_without_a_network_loses_nothing() {
    let mut w = World::of(2);
    w["A"].net.turn_off();
    let ids: Vec<_> = (0..10).map(|n| w["A"].add(&format!("Note {n}"), "offline\n")).collect();
    for id in &ids {
        w["A"].write(*id, "offline, changed\n");
    }
    let said = w["A"].try_sync().await;
    assert!(
        matches!(said, Err(NotebookError::Protocol(ProtocolError::Unreachable(_) | ProtocolError::NoNetwork))),
        "{said:?}"
    );
    w["A"].close();
    w["A"].reopen();
    assert_eq!(w["A"].vault().sync_status().unwrap().waiting, 20);
    w["A"].net.turn_on();
    w.sync_all().await;
    assert_same(&w);
    assert!(ids.iter().all(|id| w["B"].body(*id) == "offline, changed\n"));
}

#[tokio::test]
async fn a_server_that_starts_again_on_its_data_goes_on() {
    let mut w = World::of(2);
    let id = w["A"].add("T", "one\n");
    w["A"].sync().await;
    w.server.stop().await;
    w["A"].write(id, "two\n");
    let said = w["A"].try_sync().await;
    assert!(
        matches!(said, Err(NotebookError::Protocol(ProtocolError::Unreachable(_) | ProtocolError::NoNetwork))),
        "{said:?}"
    );
    assert_eq!(w["A"].syncer().status().unwrap().state, SyncState::Unreachable);
    w.server.start().await;
    w.sync_all().await;
    assert_same(&w);
    assert_eq!(w["B"].body(id), "two\n");
}

#[tokio::test]
async fn a_server_that_fails_and_one_that_is_busy_are_tried_later() {
    let w = World::of(1);
    w["A"].add("T", "one\n");
    for error in [ProtocolError::Server("broken".into()), ProtocolError::Busy { retry_after_s: Some(30) }] {
        let answer = error.clone();
        w.server.lies.about_push(move |_| Err(answer.clone()));
        let said = w["A"].try_sync().await;
        assert!(matches!(&said, Err(NotebookError::Protocol(e)) if *e == error), "{said:?}");
        let status = w["A"].syncer().status().unwrap();
        assert_eq!((status.state, status.waiting), (SyncState::Unreachable, 1));
        let next = status.next_try_ms.unwrap() - w.clock.now_ms();
        assert!(next >= 1_000 && (error != ProtocolError::Busy { retry_after_s: Some(30) } || next >= 30_000));
    }
    w.server.lies.be_honest();
    w["A"].sync().await;
    let log = w["A"].vault().activity(10).unwrap();
    let busy = |p: &Option<NotebookError>| matches!(p, Some(NotebookError::Protocol(ProtocolError::Busy { .. })));
    assert!(log[0].ok && !log[1].ok && log[1].what == Happened::Push && busy(&log[1].problem), "{log:?}");
}

#[tokio::test]
async fn what_went_wrong_is_known_after_a_restart_until_a_sync_succeeds() {
    let mut w = World::of(1);
    let at_rest = |w: &World| {
        let vault = w["A"].vault();
        (vault.sync_status().unwrap().state, vault.last_sync_problem().unwrap())
    };
    w["A"].sync().await;
    assert!(matches!(at_rest(&w), (SyncState::UpToDate, None)));
    for waiting in [false, true] {
        if waiting {
            w["A"].add("T", "text\n");
        }
        w["A"].net.fail(0, Fault::DropRequest);
        let said = w["A"].try_sync().await.unwrap_err();
        w["A"].crash();
        w["A"].reopen();
        let (state, problem) = at_rest(&w);
        assert_eq!((state, problem.unwrap().to_string()), (SyncState::Unreachable, said.to_string()));
        assert_eq!(w["A"].vault().sync_status().unwrap().next_try_ms, None, "nobody would try");
        w["A"].sync().await;
        assert!(matches!(at_rest(&w), (SyncState::UpToDate, None)));
    }
    w.server.lies.about_pages(|page| page.head.link.0[0] ^= 1);
    assert!(w["A"].try_sync().await.is_err());
    assert!(matches!(at_rest(&w), (SyncState::Unreachable, Some(NotebookError::HostileServer(_)))));
    w.server.lies.be_honest();
    w["A"].sync().await;

    w.clock.advance(400 * 24 * 3600 * 1000);
    assert!(w["A"].try_sync().await.is_err());
    let (state, problem) = at_rest(&w);
    assert_eq!(state, SyncState::NeedsSignIn);
    assert!(matches!(problem, Some(NotebookError::Protocol(ProtocolError::Unauthorized))));
    holdfast_notebook::sync::sign_in(w["A"].vault(), w["A"].connect(), holdfast_testkit::PASSPHRASE).await.unwrap();
    assert!(matches!(at_rest(&w), (SyncState::UpToDate, None)));
}
