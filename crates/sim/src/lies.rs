//! What a hostile server says instead of a page of its log.

use holdfast_protocol::{LogHead, LogPage, LogRequest, body_hash, link};

use crate::dice::Dice;
use crate::fault::Fault;

/// Another page in the place of this one; the same where there is nothing to lie about.
pub fn tell(lie: Fault, dice: &mut Dice, asked: &LogRequest, page: &LogPage, before: Option<LogPage>) -> LogPage {
    match lie {
        Fault::Withhold => withhold(dice, asked, page),
        Fault::Replay => before.unwrap_or_else(|| page.clone()),
        Fault::Swap => swap(dice, page),
        Fault::Alter => alter(dice, page),
        _ => page.clone(),
    }
}

/// True where whoever asked so and reads this page must notice. A log that ends early is one that may be.
pub fn must_be_noticed(lie: Fault, asked: &LogRequest, told: &LogPage) -> bool {
    let items = told.items().unwrap_or_default();
    match (lie, items.first()) {
        (Fault::Withhold, _) => false,
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
    let mut at = LogHead { log_epoch: page.log_epoch, seq: asked.seq, link: asked.link };
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
    told.head = at;
    told.manifests.retain(|m| told.entries.iter().any(|e| e.batch == holdfast_protocol::batch_hash(m)));
    told
}

fn swap(dice: &mut Dice, page: &LogPage) -> LogPage {
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
        _ => std::mem::swap(&mut one[0].entry.body, &mut rest[0].entry.body),
    }
    told
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
