//! What a hostile server says instead of a page of its log.

use holdfast_protocol::{
    Entry, EntryKind, Hash, LogEntry, LogHead, LogPage, LogRequest, PushOutcome, PushRequest, Rid, batch_hash,
    body_hash, link,
};

use crate::dice::Dice;
use crate::fault::Fault;

/// Another page in the place of this one; the same where there is nothing to lie about.
pub fn tell(lie: Fault, dice: &mut Dice, asked: &LogRequest, page: &LogPage, before: Option<LogPage>) -> LogPage {
    match lie {
        Fault::Withhold => withhold(dice, asked, page),
        Fault::Replay => before.unwrap_or_else(|| page.clone()),
        Fault::Swap => swap(dice, asked, page),
        Fault::Alter if page.covered.is_some() && dice.chance(50) => alter_packs(dice, page),
        Fault::Alter if dice.chance(30) => forge(dice, asked, page),
        Fault::Alter if dice.chance(30) => alter_whole(dice, asked, page),
        Fault::Alter => alter(dice, page),
        _ => page.clone(),
    }
}

/// True where whoever asked so and reads this page must notice. A log that ends early is one that may be.
pub fn must_be_noticed(lie: Fault, asked: &LogRequest, told: &LogPage) -> bool {
    let items = told.items().unwrap_or_default();
    match (lie, items.first()) {
        (Fault::Withhold, _) => false,
        // Only whether the log has the position was asked.
        _ if asked.max_bytes == 0 => false,
        (Fault::Replay, Some(first)) => first.seq() != asked.seq + 1,
        (Fault::Replay, None) => told.head.seq != asked.seq,
        _ => true,
    }
}

/// The log ends earlier than it does, with links that are right: nobody can tell from this page alone.
fn withhold(dice: &mut Dice, asked: &LogRequest, page: &LogPage) -> LogPage {
    // The links over what came without bodies are not made again here.
    if page.entries.is_empty() || page.covered.is_some() {
        return page.clone();
    }
    let mut told = page.clone();
    told.entries.truncate(dice.below(page.entries.len()));
    told.head = relink(asked, &mut told);
    told.manifests.retain(|m| told.entries.iter().any(|e| e.batch == batch_hash(m)));
    told
}

/// Where the log stands behind these entries, with links that are right.
fn relink(asked: &LogRequest, told: &mut LogPage) -> LogHead {
    let mut at = LogHead { log_epoch: told.log_epoch, seq: asked.seq, link: asked.link };
    for logged in &told.entries {
        let entry = &logged.entry;
        let body = body_hash(&entry.body);
        at.link = link(
            asked.space,
            at.log_epoch,
            logged.seq,
            at.link,
            entry.kind,
            entry.rid,
            entry.key_epoch,
            body,
            logged.batch,
        );
        at.seq = logged.seq;
    }
    at
}

/// A batch of another log at the end of this one, with links that are right: what its device says that it has read tells.
pub fn graft(asked: &LogRequest, page: &LogPage, batch: &PushRequest) -> LogPage {
    let seen = batch.manifest.seen;
    let here = page.entries.last().map_or(asked.seq, |last| last.seq);
    // The links over what came without bodies are not made again here.
    if page.covered.is_some()
        || page.head.seq != here
        || seen.log_epoch != page.log_epoch
        || page.log_epoch != asked.log_epoch
    {
        return page.clone();
    }
    let mut told = page.clone();
    let hash = batch_hash(&batch.manifest);
    for (n, entry) in batch.entries.iter().enumerate() {
        told.entries.push(LogEntry { seq: here + 1 + n as u64, entry: entry.clone(), batch: hash });
    }
    if !told.manifests.contains(&batch.manifest) {
        told.manifests.push(batch.manifest.clone());
    }
    told.head = relink(asked, &mut told);
    told
}

/// What a device signed, changed, with links that are right: only its signature tells.
fn forge(dice: &mut Dice, asked: &LogRequest, page: &LogPage) -> LogPage {
    let mut told = page.clone();
    if page.manifests.is_empty() || page.entries.is_empty() {
        return told;
    }
    let at = dice.below(page.manifests.len());
    let manifest = &mut told.manifests[at];
    let before = batch_hash(manifest);
    match dice.below(3) {
        0 => manifest.ctr += 1,
        1 => manifest.signature[dice.below(32)] ^= 1,
        _ => manifest.state = Some(Hash([dice.below(256) as u8; 32])),
    }
    let after = batch_hash(manifest);
    for logged in told.entries.iter_mut().filter(|logged| logged.batch == before) {
        logged.batch = after;
    }
    let head = relink(asked, &mut told);
    if head.seq == told.head.seq {
        told.head = head;
    }
    told
}

fn swap(dice: &mut Dice, asked: &LogRequest, page: &LogPage) -> LogPage {
    let mut told = page.clone();
    let entries = &mut told.entries;
    if entries.len() < 2 {
        return told;
    }
    let at = dice.below(entries.len() - 1);
    let (one, rest) = entries[at..].split_at_mut(1);
    match dice.below(3) {
        0 => drop(entries.remove(at)),
        1 => std::mem::swap(&mut one[0].entry, &mut rest[0].entry),
        _ => {
            std::mem::swap(&mut one[0].entry.body, &mut rest[0].entry.body);
            // With links that are right only what the bodies say tells.
            if dice.chance(60) {
                link_anew(asked, &mut told);
            }
        }
    }
    told
}

/// Makes the links over changed entries right, where they can be.
fn link_anew(asked: &LogRequest, told: &mut LogPage) {
    // The links over what came without bodies are not made again here.
    if told.covered.is_none() {
        let head = relink(asked, told);
        if head.seq == told.head.seq {
            told.head = head;
        }
    }
}

/// Packs are in no link of a page: one that does not open, or lacks something, is as good as none, and the bodies are asked
/// for.
fn alter_packs(dice: &mut Dice, page: &LogPage) -> LogPage {
    let mut told = page.clone();
    let Some(covered) = &mut told.covered else { return told };
    if covered.packs.is_empty() || covered.runs.is_empty() {
        return told;
    }
    let (pack, run) = (dice.below(covered.packs.len()), dice.below(covered.runs.len()));
    match dice.below(4) {
        0 => covered.packs.clear(),
        1 => covered.packs[pack].key_epoch ^= 1,
        2 => {
            if let Some(hash) = covered.runs[run].bodies.first_mut() {
                hash.0[dice.below(32)] ^= 1;
            }
        }
        _ => {
            let body = &mut covered.packs[pack].body;
            let at = dice.below(body.len().max(1));
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
    }
    told
}

/// True where a lie is one about packs alone: nothing of it may be taken, and a sync may go on.
pub fn is_about_packs(page: &LogPage, told: &LogPage) -> bool {
    let runs = |page: &LogPage| page.covered.as_ref().map(|covered| covered.runs.clone());
    let same = page.entries == told.entries && page.manifests == told.manifests && page.head == told.head;
    same && runs(page) == runs(told)
}

/// A changed body, with links that are right: only that it does not open tells.
fn alter_whole(dice: &mut Dice, asked: &LogRequest, page: &LogPage) -> LogPage {
    let mut told = alter(dice, page);
    if told != *page {
        link_anew(asked, &mut told);
    }
    told
}

/// Of what was sent: that it has something else, at a place that the log does not have, or that it had it before, where
/// the log that was read does not show it.
pub fn of_answer(
    lie: Fault,
    dice: &mut Dice,
    answer: &PushOutcome,
    read: u64,
    known: impl Fn(&Rid) -> bool,
) -> PushOutcome {
    let mut told = answer.clone();
    let (true, PushOutcome::Accepted { stored, head }) = (matches!(lie, Fault::Alter | Fault::Swap), &mut told) else {
        return told;
    };
    // Of what the log has shown, that it had it before is true.
    let is_new = |at: &usize| !stored[*at].duplicate && !known(&stored[*at].rid);
    let new: Vec<usize> = (0..stored.len()).filter(is_new).collect();
    let Some(at) = dice.pick(&new).copied() else { return told };
    match (lie, dice.below(3)) {
        (Fault::Swap, 0) if at > 0 => stored.swap(0, at),
        (Fault::Swap, _) => drop(stored.remove(at)),
        (_, 0) => stored[at].rid.0[0] ^= 1,
        (_, 1) if read > 0 => {
            stored[at].duplicate = true;
            stored[at].seq = 1 + dice.below(read as usize) as u64;
        }
        _ => stored[at].seq = head.seq + 1,
    }
    told
}

/// In one lie of three the log is shown as it is.
pub fn is_of_answers(lie: Fault, seed: u64) -> bool {
    matches!(lie, Fault::Alter | Fault::Swap) && seed.is_multiple_of(3)
}

/// True where bodies were changed, with links that are right or are not compared yet, that whoever asks does not open. That
/// the log does not go on from there is found at the next look at it.
pub fn is_of_what_is_here(page: &LogPage, told: &LogPage, unopened: impl Fn(&Entry) -> bool) -> bool {
    let compared = told.head == page.head && told.entries.last().is_some_and(|last| last.seq == page.head.seq);
    let same =
        told.manifests == page.manifests && told.entries.len() == page.entries.len() && told.covered == page.covered;
    let mut changed = told.entries.iter().zip(&page.entries).filter(|(told, is)| told != is);
    same && !compared
        && changed.all(|(told, is)| {
            told.entry.rid == is.entry.rid && (unopened(&is.entry) || is.entry.kind == EntryKind::Pack)
        })
}

fn alter(dice: &mut Dice, page: &LogPage) -> LogPage {
    let mut told = page.clone();
    if let Some(entry) = (!page.entries.is_empty()).then(|| dice.below(page.entries.len())) {
        let body = &mut told.entries[entry].entry.body;
        let at = dice.below(body.len().max(1));
        if let Some(byte) = body.get_mut(at) {
            *byte ^= 1 << dice.below(8);
        }
    }
    told
}
