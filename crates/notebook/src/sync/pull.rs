//! Reading the log: a page at a time, its chain checked whole before anything of it is taken.

use std::collections::HashMap;

use holdfast_protocol as wire;
use holdfast_protocol::{
    BatchManifest, ChainError, EntryKind, Hash, LinkChain, LogAnswer, LogHead, LogPage, LogRequest, SyncProtocol,
    Token, verify,
};
use holdfast_store::{Cursor, Reader, WriteTx};
use holdfast_sync::StepReport;

use super::activity::{self, Happened, Line};
use super::apply::Taken;
use super::keys::{own_keys, refresh_keys, shared_keys};
use super::packs::{self, Unpacked};
use super::{apply, device, digest, fetch, fork, heal, login, releases, seen, thinning};
use crate::txn::Txn;
use crate::{NotebookError, Result, Vault};

/// Bytes of bodies asked for at once.
const PAGE_BYTES: u32 = 4 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Pulled {
    pub report: StepReport,
    pub revisions: u32,
    /// Changes that a restored server has again.
    pub sent_again: u32,
    /// Where this device is in the log, and how long the log is.
    pub at: u64,
    pub head: u64,
    /// The server takes packs.
    pub may_pack: bool,
    /// And releases.
    pub may_release: bool,
}

/// What came of asking for a page.
pub(super) enum Page {
    Taken {
        pulled: Pulled,
        entries: usize,
    },
    /// The log is not the one that was read: it was set back behind this position.
    SetBack(LogHead),
    /// It holds batches of this device that this vault did not send.
    Copied,
}

/// So often the log may be another one when the end of a page is asked about.
const MAX_SET_BACK: usize = 8;

pub(super) async fn pull(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Pulled> {
    let step = |report| Pulled { report, ..Pulled::default() };
    if vault.read(fork::is_copied)? {
        return Ok(step(fork::become_another(vault, server, token).await?));
    }
    if vault.read(heal::is_healing)? {
        let mut pulled = heal::step(vault, server, token).await?;
        if pulled.report.caught_up {
            pulled.revisions += take_the_rest(vault, server, token).await?;
        }
        return Ok(pulled);
    }
    match page(vault, server, token).await? {
        Page::Taken { mut pulled, .. } => {
            if pulled.report.caught_up {
                pulled.revisions += take_the_rest(vault, server, token).await?;
                releases::look(vault, pulled.may_release)?;
                if let Err(error) = thinning::look(vault) {
                    // It only makes room.
                    tracing::warn!(%error, "history could not be thinned");
                }
                if pulled.may_pack
                    && let Err(error) = packs::make(vault)
                {
                    // Nobody waits for one, and what a person wrote must not.
                    tracing::warn!(%error, "older changes could not be packed");
                }
            }
            Ok(pulled)
        }
        Page::SetBack(lost) => Ok(step(heal::begin(vault, server, token, lost).await?)),
        Page::Copied => Ok(step(fork::become_another(vault, server, token).await?)),
    }
}

/// The log was read to its end: what was set aside may have what it waits for, or is asked for. Answers with the number of
/// revisions that this brought.
async fn take_the_rest(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<u32> {
    has_read(vault)?;
    let looked = fetch::look_again(vault)?;
    let fetched = fetch::fetch(vault, server, token).await;
    is_all_taken(vault)?;
    Ok(looked + fetched?)
}

/// What had to wait until the log was read to its end is done.
fn has_read(vault: &Vault) -> Result<()> {
    fork::has_read(vault)?;
    device::introduce(vault)
}

/// What was taken in after the last page belongs to the same pull, which ends here: so the tripwire counts it.
fn is_all_taken(vault: &Vault) -> Result<()> {
    if vault.read(|r| Ok(r.any_arrivals()?))? {
        vault.transact(|t| {
            t.ends_pull();
            Ok(())
        })?;
    }
    Ok(())
}

/// Reads and takes over the next page.
pub(super) async fn page(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Page> {
    // A server that was set back between the page and the question about its end shows that at the next; and each of the
    // account's devices may find out in that moment, and begin a new epoch.
    for _ in 0..MAX_SET_BACK {
        if let Some(page) = compared_page(vault, server, token).await? {
            return Ok(page);
        }
    }
    let seq = vault.read(|r| Ok(r.cursor()?))?.map_or(0, |cursor| cursor.seq);
    Err(broken(ChainError::BrokenLink { seq: seq + 1 }))
}

/// `None`, with nothing taken, where the log does not have what the page ends with.
async fn compared_page(vault: &Vault, server: &dyn SyncProtocol, token: &Token) -> Result<Option<Page>> {
    let packs = vault.read(|r| packs_to_tell(vault, r))?;
    let mut asked = match ask(vault, server, token, packs).await? {
        Ok(asked) => asked,
        Err(other) => return Ok(other),
    };
    if !asked.unpacked.suffice(vault, &asked.page)? && !crate::planted("packs-suffice") {
        // A pack that lacks something, or does not open: the changes themselves, while the server has them.
        match ask(vault, server, token, None).await {
            Ok(Ok(whole)) => asked = whole,
            Ok(Err(other)) => return Ok(other),
            Err(error) if packs::is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let Asked { page, unpacked, read } = asked;
    let at = read.at;
    if crate::planted("cursor-before-rows") {
        let link = at.link.0;
        vault.transact(|t| Ok(t.tx.set_cursor(Cursor { log_epoch: at.log_epoch, seq: at.seq, link })?))?;
    }
    // Its links are compared at the end of the log. What comes without a body, a pack, and a release, cannot be seen to be
    // altered by not opening.
    let mut compared = at.seq == page.head.seq;
    if !compared && (page.covered.is_some() || page.entries.iter().any(|e| e.entry.kind != EntryKind::Revision)) {
        compared = has_link(vault, server, token, at, packs.map(|_| 0)).await?;
        if !compared {
            return Ok(None);
        }
    }
    let mut taken = read.take_over(vault, &page, &unpacked, compared)?;
    if matches!(taken, TakenOver::NotCompared) {
        // What does not open must not wait so long: is it the server that holds it so, or was it altered on the way?
        if !has_link(vault, server, token, at, packs.map(|_| 0)).await? {
            return Ok(None);
        }
        taken = read.take_over(vault, &page, &unpacked, true)?;
    }
    let taken = match taken {
        TakenOver::All(taken) => taken,
        TakenOver::SetBack(lost) => return Ok(Some(Page::SetBack(lost))),
        TakenOver::NotCompared => return Err(NotebookError::Internal("links that were compared were not".into())),
    };
    if let Some(told) = packs.filter(|told| *told > 0) {
        vault.transact(|t| Ok(t.tx.pack_told(told)?))?;
    }
    let (entries, head) = (page.len(), page.head);
    let all = at.seq == head.seq || crate::planted("page-is-the-log");
    let report = StepReport { caught_up: all, moved: entries > 0, ..StepReport::default() };
    let (may_pack, may_release) = (page.may_pack == Some(true), page.may_release == Some(true));
    Ok(Some(Page::Taken {
        pulled: Pulled {
            report,
            revisions: taken.new,
            at: at.seq,
            head: head.seq,
            may_pack,
            may_release,
            ..Pulled::default()
        },
        entries,
    }))
}

/// What is said of packs with a question about the log.
fn packs_to_tell(vault: &Vault, reader: &Reader<'_>) -> Result<Option<u64>> {
    Ok(packs::is_on(vault, reader)?.then_some(reader.pack_to_tell()?.map_or(0, |pack| pack.seq)))
}

/// Whether the next part of the log shows one of these as a part of this batch: it was taken with it, and is a duplicate of
/// nothing. Takes nothing over.
pub(super) async fn is_of_batch(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    batch: Hash,
    rids: &[wire::Rid],
) -> Result<bool> {
    let packs = vault.read(|r| packs_to_tell(vault, r))?;
    let Ok(Asked { page, .. }) = ask(vault, server, token, packs).await? else { return Ok(false) };
    let items = page.items().map_err(broken)?;
    Ok(items.iter().map(wire::Item::outline).any(|item| item.batch == batch && rids.contains(&item.rid)))
}

/// Asks whether the log has this link in the middle. False where what was said of it was altered, or the server was set back
/// since, and may have grown as far again: which of them, the next answer shows.
async fn has_link(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    at: LogHead,
    packs: Option<u64>,
) -> Result<bool> {
    let (space, LogHead { log_epoch, seq, link }) = (wire::SpaceId(vault.space().0), at);
    let releases = vault.read(|r| releases::to_say(vault, r))?.map(|_| false);
    match server.log(token, LogRequest { space, log_epoch, seq, link, max_bytes: 0, packs, releases }).await? {
        LogAnswer::Page(_) => Ok(true),
        LogAnswer::Rebase { head } => {
            tracing::warn!(asked = seq, head = head.seq, "the log does not have what a page of it ended with");
            Ok(false)
        }
    }
}

/// A page whose chain and signatures were checked.
struct Asked {
    page: LogPage,
    unpacked: Unpacked,
    read: Read,
}

/// Asks for the next page, and checks it. `Err` inside is what else came of it, as [`compared_page`] has it.
async fn ask(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    packs: Option<u64>,
) -> Result<std::result::Result<Asked, Option<Page>>> {
    let space = wire::SpaceId(vault.space().0);
    let (cursor, furthest, releases) = vault.read(|r| Ok((r.cursor()?, r.log_head()?, releases::to_say(vault, r)?)))?;
    let (log_epoch, seq, link) = cursor.map_or((0, 0, Hash::ZERO), |c| (c.log_epoch, c.seq, Hash(c.link)));
    let from = LogHead { log_epoch, seq, link };
    let request = LogRequest { space, log_epoch, seq, link, max_bytes: PAGE_BYTES, packs, releases };
    if crate::planted("asks-twice") {
        server.log(token, request).await?;
    }
    let page = match server.log(token, request).await? {
        LogAnswer::Page(page) => page,
        LogAnswer::Rebase { .. } if crate::planted("set-back-not-heeded") => {
            let report = StepReport { caught_up: true, ..StepReport::default() };
            return Ok(Err(Some(Page::Taken { pulled: Pulled { report, ..Pulled::default() }, entries: 0 })));
        }
        LogAnswer::Rebase { .. } => return Ok(Err(Some(Page::SetBack(from)))),
    };
    if cursor.is_none()
        && let Some(lost) = vault.read(|r| heal::stood_elsewhere(r, page.log_epoch))?
    {
        return Ok(Err(Some(Page::SetBack(lost))));
    }
    // Before anything is judged: who is a member, and which keys there are, may have changed.
    let known = |theirs| theirs == own_keys(vault) || crate::planted("page-keys-not-compared");
    if page.keys.is_some_and(|theirs| !known(theirs)) {
        shared_keys(vault, server, token).await?;
    }
    if let Some(salt) = page.login_salt {
        login::server_named(vault, salt)?;
    }
    let mut links = Vec::new();
    let at = match LinkChain::at(space, from).feed_links(&page, &mut links) {
        Err(_) if crate::planted("chain-not-checked") => page.head,
        at => at.map_err(broken)?,
    };
    // It named a head that it does not have any more: what lies between may be this device's own. Or it has something else
    // where it said that this device's own is.
    let named = furthest.filter(|f| f.log_epoch == page.log_epoch).filter(|furthest| {
        let passed = furthest.seq.checked_sub(seq + 1).and_then(|n| links.get(n as usize));
        page.head.seq < furthest.seq || passed.is_some_and(|link| link.0 != furthest.link)
    });
    let mut lost = named.map(|Cursor { log_epoch, seq, link }| LogHead { log_epoch, seq, link: Hash(link) });
    if lost.is_none() && log_epoch == page.log_epoch {
        let seq = vault.read(|r| misplaced(r, &page, seq, at.seq))?;
        lost = seq.map(|seq| LogHead { log_epoch, seq, link: Hash::ZERO });
    }
    if let Some(lost) = lost {
        // Or the page was altered: then the log does not have where it ends.
        if at.seq != page.head.seq && !has_link(vault, server, token, at, packs.map(|_| 0)).await? {
            return Ok(Err(None));
        }
        return Ok(Err(Some(Page::SetBack(lost))));
    }
    if let Err(error) = check_signatures(vault, server, token, &page.manifests).await {
        // It may have been set back in between, and have forgotten a member with what that sent; and may have grown since.
        if !matches!(error, NotebookError::HostileServer(_)) {
            return Err(error);
        }
        let is_log = has_link(vault, server, token, at, packs.map(|_| 0)).await?;
        return if is_log { Err(error) } else { Ok(Err(None)) };
    }
    if !vault.read(|r| fork::knows_own(vault, r, &page.manifests))? {
        return Ok(Err(Some(Page::Copied)));
    }
    let unpacked = Unpacked::of_page(vault, &page)?;
    Ok(Ok(Asked { page, unpacked, read: Read { from, at, links } }))
}

/// The first place where the server has something else than what it had taken from this device. Only what was sent has a
/// place behind what was read.
fn misplaced(reader: &Reader<'_>, page: &LogPage, from: u64, to: u64) -> Result<Option<u64>> {
    let places = reader.places_between(from, to)?;
    if places.is_empty() {
        return Ok(None);
    }
    let items = page.items().map_err(broken)?;
    let there: HashMap<u64, [u8; 32]> = items.iter().map(|item| (item.seq(), item.outline().rid.0)).collect();
    Ok(places.into_iter().find(|(seq, rid)| there.get(seq) != Some(&rid.0)).map(|(seq, _)| seq))
}

/// The part of the log that a page holds.
struct Read {
    from: LogHead,
    at: LogHead,
    /// After each entry.
    links: Vec<Hash>,
}

/// What came of a page. But for the first, nothing was taken.
enum TakenOver {
    All(Taken),
    /// Something does not open, and the links were not compared.
    NotCompared,
    /// The log does not have this position any more, which a device signed.
    SetBack(LogHead),
}

impl Read {
    /// Takes the page over, in one transaction with the cursor.
    fn take_over(&self, vault: &Vault, page: &LogPage, unpacked: &Unpacked, compared: bool) -> Result<TakenOver> {
        let (mut altered, mut set_back) = (false, None);
        let taken = vault.transact(|t| {
            let taken = apply::apply(t, page, unpacked)?;
            // Where something is set aside, more may be taken in when the rest was asked for.
            let is_all = self.at.seq == page.head.seq && t.tx.quarantine_open_len()? == 0;
            if is_all || crate::planted("each-page-alone") {
                t.ends_pull();
            }
            if self.from.seq != self.at.seq || self.from.log_epoch != self.at.log_epoch {
                let LogHead { log_epoch, seq, link } = self.at;
                t.tx.set_cursor(Cursor { log_epoch, seq, link: link.0 })?;
                for (seq, link) in (self.from.seq + 1..).zip(&self.links) {
                    t.tx.put_log_link(seq, &link.0)?;
                }
                named_head(t.tx, page.head)?;
            }
            unpacked.compare(t, self.at.log_epoch, self.at.seq)?;
            // What a device says that was removed, or never was one, counts for nothing.
            let said: Vec<BatchManifest> =
                page.manifests.iter().filter(|manifest| !apply::is_late(t.vault, manifest)).cloned().collect();
            if let Some(seen::Contradiction { seen, error }) = seen::check(t, &said, page.head)? {
                // Who reads the log again from its beginning has no position of its own that would show a restore.
                if heal::is_healing(t.reader())? {
                    set_back = Some(seen);
                }
                return Err(error);
            }
            digest::compare(t, &said)?;
            if taken.altered > 0 {
                altered = true;
                if !compared {
                    return Err(broken(ChainError::BrokenLink { seq: self.at.seq }));
                }
                note_altered(t, taken.altered)?;
            }
            Ok(taken)
        });
        match (set_back, taken) {
            (Some(lost), Err(_)) => Ok(TakenOver::SetBack(lost)),
            (_, Err(_)) if altered && !compared => Ok(TakenOver::NotCompared),
            (_, taken) => taken.map(TakenOver::All),
        }
    }
}

/// A line of the activity log.
fn note_altered(t: &mut Txn<'_>, altered: u32) -> Result<()> {
    let what = if altered == 1 { "1 change does".to_owned() } else { format!("{altered} changes do") };
    let message = format!("{what} not open: altered on the server or on the way. Set aside; the rest goes on");
    activity::write(t, &Line::new(Happened::SetAside, message))
}

/// Remembers the furthest head that the server named.
pub(super) fn named_head(tx: &WriteTx<'_>, head: LogHead) -> Result<()> {
    let further = !crate::planted("head-not-kept")
        && tx.log_head()?.is_none_or(|known| known.log_epoch != head.log_epoch || known.seq < head.seq);
    if further {
        tx.set_log_head(Cursor { log_epoch: head.log_epoch, seq: head.seq, link: head.link.0 })?;
    }
    Ok(())
}

/// A log that does not go on from what was read, for people; the numbers are for the log.
fn broken(error: ChainError) -> NotebookError {
    tracing::warn!(%error, "the log does not go on");
    let what = match error {
        ChainError::Gap { .. } => "a change is missing from the middle of its log",
        ChainError::BrokenLink { .. } => "its log was altered after it was written",
        ChainError::UnknownBatch { .. } | ChainError::BadManifest { .. } => "a change came without its signature",
        ChainError::OtherLog | ChainError::WrongEnd { .. } => "its log is not the one that was read before",
    };
    NotebookError::HostileServer(what.into())
}

/// Every batch must be signed by the device that it names, and every device must be a member. Where somebody was removed
/// ever, a server that forgot it may have let others in since: what they sent is set aside ([`apply::is_late`]).
pub(super) async fn check_signatures(
    vault: &Vault,
    server: &dyn SyncProtocol,
    token: &Token,
    manifests: &[BatchManifest],
) -> Result<()> {
    // What a device signed that was removed since is its own as before.
    let members = |vault: &Vault| vault.keys().open.account.members.clone();
    let mut known = members(vault);
    if manifests.iter().any(|m| known.sign_pk(m.device.0).is_none()) {
        refresh_keys(vault, server, token).await?;
        known = members(vault);
    }
    for manifest in manifests.iter().filter(|_| !crate::planted("signature-not-checked")) {
        let Some(key) = known.sign_pk(manifest.device.0) else {
            if !known.removed.is_empty() {
                continue;
            }
            let what = "it sent changes of a computer that is not a member of this account";
            return Err(NotebookError::HostileServer(what.into()));
        };
        verify(manifest, &key)
            .map_err(|e| NotebookError::HostileServer(format!("changes of a computer are not signed by it ({e})")))?;
    }
    Ok(())
}
