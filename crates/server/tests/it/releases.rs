//! Releases of blobs: none goes before its time, or against anybody's word.

use std::fs;

use holdfast_protocol::*;
use holdfast_server::Core;

use crate::removal::sign_in;
use crate::suite::second_device;
use crate::world::{BEGINNING, Device, QUOTA, World, entry};

const DAY_MS: u64 = 24 * 3_600_000;

struct Blobs {
    world: World,
    tokens: [Token; 2],
    devices: [Device; 2],
    space: SpaceId,
    cids: [Cid; 2],
}

/// Two devices of which the server knows that they know releases, and two blobs.
async fn blobs(world: World) -> Blobs {
    let (token, mut one) = world.account("ada", 1).await;
    let space = one.space;
    let two = second_device(&world, &token, 5, space).await;
    let other_token = sign_in(&world, &two).await.unwrap();
    let mut cids = [Cid([0; 32]); 2];
    for (n, cid) in cids.iter_mut().enumerate() {
        let sealed = vec![n as u8; 1000];
        *cid = Cid(*blake3::hash(&sealed).as_bytes());
        world.api.put_blob(&token, space, *cid, sealed).await.unwrap();
    }
    // What releases them stands behind other things.
    one.push(&world, &token, vec![entry(1, 100), entry(2, 100)]).await;
    let b = Blobs { world, tokens: [token, other_token], devices: [one, two], space, cids };
    assert_eq!(b.page(0, None).await.may_release, None);
    assert_eq!(b.page(0, Some(false)).await.may_release, Some(false), "the other may be too old");
    assert_eq!(b.page(1, Some(false)).await.may_release, Some(true));
    b
}

impl Blobs {
    fn entry(&self, body: &ReleaseBody) -> Entry {
        Entry { kind: EntryKind::Release, rid: body.rid(self.space), key_epoch: 1, body: body.to_bytes() }
    }

    /// A device sends it. Gives where it stands.
    async fn send(&mut self, device: usize, body: &ReleaseBody) -> u64 {
        let entry = self.entry(body);
        let (stored, _) = self.devices[device].push(&self.world, &self.tokens[device], vec![entry]).await;
        stored[0].seq
    }

    fn release(&self, at: u64) -> ReleaseBody {
        ReleaseBody::Release(Release::new(1, at, self.cids).unwrap())
    }

    async fn ask(&self, device: usize, at: LogHead, releases: Option<bool>) -> LogPage {
        let LogHead { log_epoch, seq, link } = at;
        let request =
            LogRequest { space: self.space, log_epoch, seq, link, max_bytes: u32::MAX, packs: None, releases };
        match self.world.api.log(&self.tokens[device], request).await.unwrap() {
            LogAnswer::Page(page) => page,
            LogAnswer::Rebase { .. } => panic!("rebase"),
        }
    }

    /// Reads all, and says this at its end.
    async fn page(&self, device: usize, releases: Option<bool>) -> LogPage {
        let head = self.ask(device, BEGINNING, releases.map(|_| false)).await.head;
        self.ask(device, head, releases).await
    }

    /// Days on each of which these say this.
    async fn days(&self, days: u64, devices: &[usize], releases: Option<bool>) {
        for _ in 0..days {
            self.world.pass_ms(DAY_MS);
            for device in devices {
                self.page(*device, releases).await;
            }
        }
    }

    async fn there(&self) -> usize {
        let mut there = 0;
        for cid in self.cids {
            let files = fs::read_dir(self.world.dir.path().join("blobs").join(&cid.to_string()[..2]));
            let is_file = files.is_ok_and(|mut files| files.any(|f| f.unwrap().file_name() == *cid.to_string()));
            let answer = self.world.api.get_blob(&self.tokens[0], self.space, cid).await;
            assert_eq!(answer.is_ok(), is_file, "a file that no row names, or a row without its file: {answer:?}");
            there += usize::from(is_file);
        }
        there
    }
}

#[tokio::test]
async fn a_blob_goes_when_all_have_passed_its_release_and_the_time_is_over() {
    let mut b = blobs(World::https().await).await;
    let release = b.release(2);
    assert_eq!(b.send(0, &release).await, 3);
    b.page(0, Some(true)).await;
    b.days(29, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
    b.days(1, &[0], Some(true)).await;
    b.page(1, Some(false)).await;
    assert_eq!(b.there().await, 2, "one has said so before its time only");
    b.page(1, Some(true)).await;
    assert_eq!(b.there().await, 0);
    assert_eq!(b.world.core.figures().unwrap().released, 1);
    let ask = MissingRequest { space: b.space, rids: vec![], cids: b.cids.to_vec() };
    assert_eq!(b.world.api.missing(&b.tokens[1], ask).await.unwrap().cids, b.cids);
    // Who needs it after all brings it back, and it stays.
    let sealed = vec![0; 1000];
    b.world.api.put_blob(&b.tokens[1], b.space, b.cids[0], sealed.clone()).await.unwrap();
    b.days(40, &[0, 1], Some(true)).await;
    assert_eq!(b.world.api.get_blob(&b.tokens[0], b.space, b.cids[0]).await.unwrap(), sealed);
}

#[tokio::test]
async fn what_is_taken_back_stays() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(20, &[0, 1], Some(true)).await;
    b.send(1, &ReleaseBody::Keep(release.rid(b.space))).await;
    b.days(60, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
    // The same word once more is the one that was taken back; another one counts, from when it came.
    b.send(0, &release).await;
    b.days(40, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
    let again = b.release(5);
    b.send(0, &again).await;
    b.days(30, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
    b.days(1, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 0);
}

/// What takes it back may come first, where a server that lost both gets them back.
#[tokio::test]
async fn the_order_of_a_release_and_what_takes_it_back_is_no_matter() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(1, &ReleaseBody::Keep(release.rid(b.space))).await;
    b.send(0, &release).await;
    b.days(60, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
}

#[tokio::test]
async fn who_is_away_or_too_old_is_waited_for() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(60, &[0], Some(true)).await;
    assert_eq!(b.there().await, 2, "the other is away");
    b.days(10, &[1], None).await;
    b.page(0, Some(true)).await;
    assert_eq!(b.there().await, 2, "its program does not know what is asked");
    // It has not read so far.
    b.ask(1, BEGINNING, Some(true)).await;
    b.page(0, Some(true)).await;
    assert_eq!(b.there().await, 2);
    b.page(1, Some(true)).await;
    assert_eq!(b.there().await, 0);
}

#[tokio::test]
async fn who_is_silent_for_half_a_year_is_not() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(179, &[0], Some(true)).await;
    assert_eq!(b.there().await, 2);
    b.days(2, &[0], Some(true)).await;
    assert_eq!(b.there().await, 0);
}

/// Somebody who joins may have been handed what names it by another way than the log.
#[tokio::test]
async fn who_joins_is_waited_for() {
    let mut b = blobs(World::direct()).await;
    b.days(200, &[0, 1], Some(true)).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(10, &[0, 1], Some(true)).await;
    second_device(&b.world, &b.tokens[0], 6, b.space).await;
    b.days(60, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
}

#[tokio::test]
async fn a_clock_that_jumps_is_a_clock_that_was_set() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(1, &[0, 1], Some(true)).await;
    b.days(300, &[], None).await;
    for _ in 0..3 {
        b.days(1, &[0, 1], Some(true)).await;
    }
    assert_eq!(b.there().await, 2);
    b.days(25, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
    b.days(3, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 0);
}

/// After a restore nobody has said anything, and the time begins anew.
#[tokio::test]
async fn a_new_epoch_begins_the_time_anew() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(29, &[0, 1], Some(true)).await;
    b.world.core.begin_new_epochs().unwrap();
    b.days(29, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
    b.days(3, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 0);
}

/// The server stops between the row and the file: the file goes at the next start.
#[tokio::test]
async fn a_stop_between_the_row_and_the_file_leaves_nothing() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(30, &[0, 1], Some(true)).await;
    // A file that cannot be removed is as one that was not yet.
    let shards = b.cids.map(|cid| b.world.dir.path().join("blobs").join(&cid.to_string()[..2]));
    let paths: Vec<_> = b.cids.iter().zip(&shards).map(|(cid, shard)| shard.join(cid.to_string())).collect();
    for path in &paths {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }
    b.world.pass_ms(DAY_MS);
    for device in [0, 1] {
        let LogHead { log_epoch, seq, link } = b.ask(0, BEGINNING, Some(false)).await.head;
        let max_bytes = u32::MAX;
        let request = LogRequest { space: b.space, log_epoch, seq, link, max_bytes, packs: None, releases: Some(true) };
        let answer = b.world.api.log(&b.tokens[device], request).await;
        assert_eq!(answer.is_ok(), device == 0, "{answer:?}");
    }
    for (path, n) in paths.iter().zip([0, 1]) {
        fs::remove_dir(path).unwrap();
        fs::write(path, vec![n; 1000]).unwrap();
    }
    let again = Core::open(b.world.dir.path(), World::options(&b.world.now_ms)).unwrap();
    assert!(paths.iter().all(|path| !path.exists()), "what nobody has is gone");
    assert_eq!(again.get_blob(&b.tokens[0], b.space, b.cids[0]).await, Err(ProtocolError::NotFound));
}

/// What is no release of this version is an entry like others, and lets nothing go.
#[tokio::test]
async fn what_is_none_lets_nothing_go() {
    let mut b = blobs(World::direct()).await;
    let release = b.release(2);
    let other = Entry { rid: Rid([9; 32]), ..b.entry(&release) };
    let newer = [&[2], &release.to_bytes()[1..]].concat();
    let newer = Entry { kind: EntryKind::Release, rid: Rid([8; 32]), key_epoch: 1, body: newer };
    let revision = Entry { kind: EntryKind::Revision, ..b.entry(&release) };
    b.devices[0].push(&b.world, &b.tokens[0], vec![other, newer, revision]).await;
    b.days(60, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 2);
}

/// An account that is full can still let something go.
#[tokio::test]
async fn a_full_account_takes_a_release() {
    let mut b = blobs(World::direct()).await;
    // Two blobs of 1000 bytes and two entries of 100 are there.
    let mut left = QUOTA as usize - 2_200;
    let mut n = 9;
    while left > 0 {
        let sealed = vec![n; left.min(10 * 1024 * 1024)];
        (left, n) = (left - sealed.len(), n + 1);
        let cid = Cid(*blake3::hash(&sealed).as_bytes());
        b.world.api.put_blob(&b.tokens[0], b.space, cid, sealed).await.unwrap();
    }
    let batch = b.devices[0].batch(vec![entry(7, 1)]);
    let outcome = b.world.api.push(&b.tokens[0], batch).await.unwrap();
    assert!(matches!(outcome, PushOutcome::Rejected { reason: RejectReason::QuotaExceeded, .. }), "{outcome:?}");
    let release = b.release(2);
    b.send(0, &release).await;
    b.days(32, &[0, 1], Some(true)).await;
    assert_eq!(b.there().await, 0);
}
