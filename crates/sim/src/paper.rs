//! People and merges alone: one note, its versions, and who has got which. No vault, no network and no disk, so hundreds
//! of seeds a second, for what only merges can do wrong. What is judged is what the simulator judges.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use holdfast_domain::{
    Body, Clock, DeviceId, Fields, Hlc, Merge, NoteFields, Origin, RecordId, Revision, RevisionId, Stamp, Trash,
    TrashState,
};
use holdfast_merge::{ALGO, resolve, review, undo};
use holdfast_notebook::simulation::{History, Shown, differs, patched};
use holdfast_notebook::{NotePatch, TagPatch};

use crate::dice::Dice;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::plan::{Act, Plan, Step};
use crate::run::Verdict;
use crate::story::Story;
use crate::thinking::{Decided, change, decide};
use crate::tokens::{self, Tokens, date, word};
use crate::traced::may_be_gone;
use crate::world::{Decision, Met};

const RECORD: RecordId = RecordId([7; 16]);
const START_MS: u64 = 1_800_000_000_000;

/// Who writes: a device without anything that a device has.
struct Desk {
    known: BTreeSet<RevisionId>,
    clock: Clock,
    /// Its wall clock is so far ahead of the slowest.
    ahead_ms: u64,
    /// A text that was opened: the versions that it was made from, and it.
    buffer: Option<(Vec<RevisionId>, String)>,
    /// Merges without a question that were shown here.
    receipts: Vec<Vec<RevisionId>>,
}

pub struct Paper {
    history: History,
    server: BTreeSet<RevisionId>,
    desks: Vec<Desk>,
    now_ms: u64,
    tokens: u32,
    saved: Vec<u32>,
    /// What was typed and taken away again before it was a version.
    typed_over: BTreeSet<u32>,
    decisions: Vec<Decision>,
    met: Met,
    hash: blake3::Hasher,
    trace: Option<Vec<String>>,
}

/// What somebody has in front of them.
struct Seen {
    heads: Vec<RevisionId>,
    note: NoteFields,
}

impl Paper {
    pub fn new(plan: &Plan, trace: bool) -> Self {
        let mut dice = Dice::new(plan.seed ^ 0xC10C);
        let mut desk = || Desk {
            known: BTreeSet::new(),
            clock: Clock::default(),
            ahead_ms: dice.below(240_000) as u64,
            buffer: None,
            receipts: Vec::new(),
        };
        Self {
            history: History::default(),
            server: BTreeSet::new(),
            desks: (0..plan.devices).map(|_| desk()).collect(),
            now_ms: START_MS,
            tokens: 0,
            saved: Vec::new(),
            typed_over: BTreeSet::new(),
            decisions: Vec::new(),
            met: Met::default(),
            hash: blake3::Hasher::new(),
            trace: trace.then(Vec::new),
        }
    }

    pub fn carry_out(mut self, plan: &Plan) -> Verdict {
        let done = self.begin(plan).and_then(|()| {
            let mut steps = plan.steps.iter().enumerate();
            steps.try_for_each(|(number, step)| self.step(number, *step))
        });
        let violation = done.and_then(|()| self.judge()).err();
        let hash = self.hash.finalize().to_hex()[..16].to_owned();
        Verdict { hash, met: self.met, violation, trace: self.trace.unwrap_or_default() }
    }

    fn token(&mut self) -> u32 {
        self.tokens += 1;
        self.tokens
    }

    /// A note that everybody has.
    fn begin(&mut self, plan: &Plan) -> Checked {
        let mut dice = Dice::new(plan.seed ^ 0xF127);
        let stamp = self.stamp(0);
        let mut note = NoteFields::new(stamp, self.now_ms);
        let title = self.token();
        let (mut body, mut fresh) = (String::new(), vec![title]);
        for _ in 0..dice.below(7) {
            let token = self.token();
            fresh.push(token);
            let start = ["", "- ", "- [ ] ", "# ", "line "][dice.below(5)];
            let _ = writeln!(body, "{start}{} base", word(token));
        }
        note.title = Merge::resolved(word(title), stamp);
        note.body = Body::text(body, stamp);
        self.write(0, Vec::new(), stamp, Origin::Edit, note)?;
        self.saved = fresh;
        for at in 0..self.desks.len() {
            self.sync(at)?;
        }
        Ok(())
    }

    fn stamp(&mut self, at: usize) -> Stamp {
        let desk = &mut self.desks[at];
        let hlc = desk.clock.tick(self.now_ms + desk.ahead_ms);
        Stamp { hlc, device: DeviceId([at as u8 + 1; 16]) }
    }

    fn fold(&self, heads: &[RevisionId]) -> Checked<NoteFields> {
        match self.history.fold(heads) {
            Some(Fields::Note(note)) => Ok(note),
            other => Invariant::Works.broken(format!("a fold is {other:?}")),
        }
    }

    fn seen(&self, at: usize) -> Checked<Seen> {
        let heads = self.history.heads(self.desks[at].known.iter().copied());
        Ok(Seen { note: self.fold(&heads)?, heads })
    }

    fn write(
        &mut self,
        at: usize,
        parents: Vec<RevisionId>,
        stamp: Stamp,
        origin: Origin,
        note: NoteFields,
    ) -> Checked {
        let revision = Revision::new(RECORD, parents, stamp, origin, ALGO, Fields::Note(note));
        let rid = RevisionId(*blake3::hash(&revision.encode().works("encoding")?).as_bytes());
        self.history.push(rid, revision);
        self.desks[at].known.insert(rid);
        self.shows(at)
    }

    /// A merge without a question is noted, as a receipt is.
    fn shows(&mut self, at: usize) -> Checked {
        let seen = self.seen(at)?;
        if seen.heads.len() > 1 && !seen.note.is_open() && !self.desks[at].receipts.contains(&seen.heads) {
            self.desks[at].receipts.push(seen.heads);
            self.met.receipts += 1;
        }
        Ok(())
    }

    fn sync(&mut self, at: usize) -> Checked<String> {
        let desk = &mut self.desks[at];
        let (sent, received) =
            (desk.known.difference(&self.server).count(), self.server.difference(&desk.known).count());
        self.server.extend(&desk.known);
        desk.known.clone_from(&self.server);
        let newest = self.history.rows.iter().filter(|row| desk.known.contains(&row.rid)).map(|row| row.hlc).max();
        desk.clock.observe(newest.unwrap_or(Hlc::default()), self.now_ms + desk.ahead_ms);
        self.shows(at)?;
        Ok(format!("{sent} sent, {received} received"))
    }

    fn step(&mut self, number: usize, step: Step) -> Checked {
        let mut dice = Dice::new(step.salt);
        self.now_ms += 1 + dice.below(20_000) as u64;
        let at = step.device % self.desks.len();
        let outcome = self.act(at, step.act, &mut dice)?;
        self.met.operations += 1;
        let line = format!("{number} d{at} {:?}: {outcome}", step.act);
        self.hash.update(line.as_bytes()).update(b"\n");
        if let Some(trace) = &mut self.trace {
            trace.push(line);
        }
        Ok(())
    }

    fn act(&mut self, at: usize, act: Act, dice: &mut Dice) -> Checked<String> {
        let seen = self.seen(at)?;
        match act {
            Act::Sync => self.sync(at),
            Act::OpenBuffer => {
                self.desks[at].buffer = Some((seen.heads, seen.note.body.shown()));
                Ok("opened".into())
            }
            Act::SaveBuffer => {
                let Some((heads, body)) = self.desks[at].buffer.take() else { return Ok("nothing is open".into()) };
                let note = self.fold(&heads)?;
                self.type_text(at, &Seen { heads, note }, body, 1, dice)
            }
            Act::Edit | Act::Type => {
                let (body, times) = (seen.note.body.shown(), if act == Act::Edit { 1 } else { 2 + dice.below(2) });
                self.type_text(at, &seen, body, times, dice)
            }
            Act::Retitle => {
                let token = self.token();
                let gone = tokens::of_text(seen.note.title.shown()).collect();
                let patch = NotePatch { title: Some(format!("{} title", word(token))), ..NotePatch::default() };
                self.save(at, &seen, &patch, gone, vec![token])
            }
            Act::Due => {
                let token = self.token();
                let due = if dice.chance(80) { date(token) } else { None };
                let gone = seen.note.due.shown().and_then(tokens::of_date).into_iter().collect();
                let fresh = due.map(|_| token).into_iter().collect();
                self.save(at, &seen, &NotePatch { due: Some(due), ..NotePatch::default() }, gone, fresh)
            }
            Act::Tag => {
                let token = self.token();
                let remove = seen.note.tags.names().into_iter().take(dice.below(2)).collect::<Vec<_>>();
                let gone = remove.iter().flat_map(|tag| tokens::of_text(tag)).collect();
                let tags = Some(TagPatch::Change { add: vec![word(token), "shared".into()], remove });
                self.save(at, &seen, &NotePatch { tags, ..NotePatch::default() }, gone, vec![token])
            }
            Act::TrashOrRestore => {
                let trashed = seen.note.trash.is_trashed();
                let stamp = self.stamp(at);
                let state = if trashed { TrashState::Live } else { TrashState::Trashed };
                let note = NoteFields { trash: Trash { state, stamp }, ..seen.note.clone() };
                self.wrote(at, &seen, stamp, Origin::Edit, note, (Some(BTreeSet::new()), &[]))
            }
            Act::Resolve => self.resolve(at, &seen, dice),
            Act::UndoResolution => {
                let known = &self.desks[at].known;
                let mine =
                    self.history.rows.iter().zip(&self.history.revisions).filter(|(r, _)| known.contains(&r.rid));
                let last =
                    mine.filter(|(r, _)| r.origin == Origin::Resolve).max_by_key(|(r, _)| (r.hlc, r.author, r.rid));
                let Some((row, revision)) = last else { return Ok("nothing was decided".into()) };
                let (before, merged) = match self.history.left_by_undecided(&seen.heads, row) {
                    Some(left) => (self.fold(&left)?, Fields::Note(seen.note.clone())),
                    None => (self.fold(&row.parents)?, revision.fields.clone()),
                };
                self.undo(at, &seen, &merged, before)
            }
            Act::UndoReceipt => {
                let Some(heads) = dice.pick(&self.desks[at].receipts).cloned() else { return Ok("no receipt".into()) };
                let Some(side) = dice.pick(&heads).copied() else { return Ok("no side".into()) };
                let (merged, before) = match self.history.left_by_undo(&seen.heads, &heads, side) {
                    Some(left) => (seen.note.clone(), self.fold(&left)?),
                    None => (self.fold(&heads)?, self.fold(&[side])?),
                };
                self.undo(at, &seen, &Fields::Note(merged), before)
            }
            _ => Ok("nothing".into()),
        }
    }

    /// Changes a text so many times and leaves it.
    fn type_text(&mut self, at: usize, seen: &Seen, body: String, times: usize, dice: &mut Dice) -> Checked<String> {
        let had: BTreeSet<u32> = tokens::of_text(&body).collect();
        let (mut text, mut typed) = (body, BTreeSet::new());
        for _ in 0..times {
            let (next, _, fresh) = change(&text, self.token(), dice);
            text = next;
            typed.extend(fresh);
        }
        let has: BTreeSet<u32> = tokens::of_text(&text).collect();
        self.typed_over.extend(typed.difference(&has));
        let fresh = typed.intersection(&has).copied().collect();
        let patch = NotePatch { body: Some(text), ..NotePatch::default() };
        self.save(at, seen, &patch, had.difference(&has).copied().collect(), fresh)
    }

    fn save(
        &mut self,
        at: usize,
        seen: &Seen,
        patch: &NotePatch,
        gone: BTreeSet<u32>,
        fresh: Vec<u32>,
    ) -> Checked<String> {
        if seen.note.trash.is_trashed() {
            return Ok("in the trash".into());
        }
        let stamp = self.stamp(at);
        let mut note = seen.note.clone();
        patched(&mut note, patch, stamp, self.now_ms).works("a patch")?;
        self.wrote(at, seen, stamp, Origin::Edit, note, (Some(gone), &fresh))
    }

    /// Writes a version on what was seen, and looks at what is shown before and after: nothing goes but what was meant
    /// to, and what was written is there.
    fn wrote(
        &mut self,
        at: usize,
        seen: &Seen,
        stamp: Stamp,
        origin: Origin,
        note: NoteFields,
        (may_go, fresh): (Option<BTreeSet<u32>>, &[u32]),
    ) -> Checked<String> {
        if !differs(&Fields::Note(note.clone()), &Fields::Note(seen.note.clone())) {
            return Ok("no change".into());
        }
        let before = self.seen(at)?;
        let stale = before.heads != seen.heads;
        let (before, heads_before) = (before.note, before.heads);
        self.write(at, seen.heads.clone(), stamp, origin, note)?;
        let Seen { note: after, heads } = self.seen(at)?;
        let held = |note: &NoteFields| Tokens::of(&Fields::Note(note.clone())).all;
        let (had, has) = (held(&before), held(&after));
        let lost = had.difference(&has).filter(|token| may_go.as_ref().is_some_and(|may| !may.contains(token)));
        for lost in lost {
            // What others took away goes with what they wrote.
            if stale && may_be_gone(&self.history, &heads_before, &heads, *lost)? {
                continue;
            }
            let (before, lost) = (before.body.segments(), word(*lost));
            let what =
                format!("d{at} took {lost} away\n    before: {before:?}\n    after: {:?}", after.body.segments());
            return Invariant::LostEdit.broken(what);
        }
        if let Some(missing) = fresh.iter().find(|token| !has.contains(token)) {
            return Invariant::ReadYourWrites.broken(format!("d{at} saved {} and does not show it", word(*missing)));
        }
        self.saved.extend(fresh);
        Ok(format!("{:?}", after.body.segments()))
    }

    fn resolve(&mut self, at: usize, seen: &Seen, dice: &mut Dice) -> Checked<String> {
        let Decided { choices, may_go, places } = decide(&review(&seen.note).places, dice);
        if choices.is_empty() {
            return Ok("nothing to decide".into());
        }
        self.met.reviews += 1;
        let stamp = self.stamp(at);
        let (note, stale) = resolve(&seen.note, &choices, stamp).works("a decision")?;
        if !stale.is_empty() {
            return Invariant::Works.broken("a place that was just shown is not there");
        }
        let before = self.history.rows.len();
        let outcome = self.wrote(at, seen, stamp, Origin::Resolve, note, (Some(may_go), &[]))?;
        if let Some(row) = self.history.rows.get(before) {
            self.decisions.push(Decision { record: RECORD, revision: row.rid, places, device: at });
        }
        Ok(outcome)
    }

    fn undo(&mut self, at: usize, seen: &Seen, merged: &Fields, before: NoteFields) -> Checked<String> {
        let (current, before, stamp) = (Fields::Note(seen.note.clone()), Fields::Note(before), self.stamp(at));
        match undo(&current, merged, &before, stamp) {
            Fields::Note(note) => self.wrote(at, seen, stamp, Origin::Undo, note, (None, &[])),
            _ => Invariant::Works.broken("an undo of a note is none"),
        }
    }

    /// Everybody gets everything.
    fn judge(&mut self) -> Checked {
        for at in (0..self.desks.len()).chain(0..self.desks.len()) {
            self.sync(at)?;
        }
        let seen = self.seen(0)?;
        let shown = Shown { fields: Fields::Note(seen.note), heads: seen.heads, typing: false, typed: None };
        let story =
            Story { record: RECORD, history: &self.history, shown: &shown, by: "everybody", hidden: &BTreeSet::new() };
        let decisions: Vec<&Decision> = self.decisions.iter().collect();
        story.judge(&self.saved, &self.typed_over, &decisions, &mut self.met)
    }
}
