//! What people do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use holdfast_domain::{Fields, NoteId, NotebookId, RevisionId, fold_name};
use holdfast_notebook::simulation::Shown;
use holdfast_notebook::{NewNote, NotePatch, NotebookError, NotebookNode, RecordId, Vault};

use crate::device::Buffer;
use crate::dice::Dice;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::habits::a_tag;
use crate::plan::Act;
use crate::taking_back::is_as_it_was;
use crate::thinking::{Decided, change, decide};
use crate::tokens::{self, Tokens, date, word};
use crate::traced::may_be_gone;
use crate::world::{Decision, World};

/// One act on one record, and what of it may be checked.
pub struct Deed<'a> {
    pub record: RecordId,
    /// What it means to take away; anything, where absent.
    pub may_go: Option<BTreeSet<u32>>,
    pub fresh: &'a [u32],
    /// Leaves the record afterwards, so that what was done is a revision.
    pub commit: bool,
    /// The revisions that it may write, of this and other records.
    pub most: usize,
    /// It is about a text that was opened long ago.
    pub stale: bool,
}

/// What is too common to follow: siblings of one name, which show as one.
pub const SHARED_NAMES: [&str; 3] = ["Work", "Home", "work"];

/// What may go on from what is being typed, and take its place.
const GOES_ON: [&str; 6] = ["edit", "type", "set", "untag", "save a buffer", "write as a newer version"];

impl World {
    /// The notes that this device knows of.
    pub fn notes_of(&self, at: usize) -> Checked<Vec<NoteId>> {
        let here = self.devices[at].look(|l| l.records())?;
        Ok(self.notes.iter().copied().filter(|id| here.binary_search(&(*id).into()).is_ok()).collect())
    }

    /// The notebooks as this device shows them.
    pub fn notebooks_of(&self, at: usize) -> Checked<Vec<NotebookId>> {
        let tree = self.devices[at].vault()?.notebook_tree().works("the tree")?;
        Ok(tree.into_iter().map(|node| node.id).collect())
    }

    pub fn person(&mut self, at: usize, act: Act, dice: &mut Dice) -> Checked<String> {
        let notes = self.notes_of(at)?;
        let Some(note) = dice.pick(&notes).copied() else { return self.add_note(at, dice) };
        if let Some(outcome) = self.sweep_or_decide(at, act, dice)? {
            return Ok(outcome);
        }
        if let Some(outcome) = self.habit(at, act, dice)? {
            return Ok(outcome);
        }
        match act {
            Act::Edit => self.edit(at, note, true, dice),
            Act::Type => self.edit(at, note, false, dice),
            Act::OpenBuffer => self.open_buffer(at, note),
            Act::SaveBuffer => self.save_buffer(at, dice),
            Act::Retitle => {
                let token = self.token();
                let patch = NotePatch { title: Some(format!("{} title", word(token))), ..NotePatch::default() };
                self.set(at, note, patch, &[token], dice)
            }
            Act::Due => {
                let token = self.token();
                let due = if dice.chance(80) { date(token) } else { None };
                let fresh: &[u32] = if due.is_some() { &[token] } else { &[] };
                self.set(at, note, NotePatch { due: Some(due), ..NotePatch::default() }, fresh, dice)
            }
            Act::Done => {
                let done = Some(dice.chance(50));
                self.set(at, note, NotePatch { done, ..NotePatch::default() }, &[], dice)
            }
            Act::Tag => self.tag(at, note, "shared", dice),
            Act::Untag => self.untag(at, note, dice),
            Act::MoveNote => {
                let to = dice.pick(&self.notebooks_of(at)?).copied();
                self.set(at, note, NotePatch { notebook: Some(to), ..NotePatch::default() }, &[], dice)
            }
            Act::AddNotebook | Act::RenameNotebook | Act::MoveNotebook | Act::TrashNotebook => self.tree(at, act, dice),
            Act::TrashOrRestore => self.trash_or_restore(at, note),
            Act::Attach => self.attach(at, note, dice),
            Act::Detach => self.detach(at, note, dice),
            Act::GoBack => self.bring_file_back(at, note, dice),
            Act::Resolve => self.resolve(at, note, dice),
            Act::UndoResolution => self.undo_resolution(at, note, &notes, dice),
            Act::UndoReceipt => self.undo_receipt(at, dice),
            Act::Commit => {
                let typing = self.devices[at].position()?.typing.len();
                let done = self.devices[at].vault()?.commit_all();
                let outcome = self.judge(&done, "commit")?;
                self.look_at_outbox(at, typing)?;
                Ok(outcome)
            }
            Act::Restart => {
                let typing = self.devices[at].position()?.typing.len();
                if self.full {
                    return Ok("a full disk".into());
                }
                self.devices[at].close()?;
                self.devices[at].reopen()?;
                self.look_at_outbox(at, typing)?;
                Ok("restarted".into())
            }
            _ => self.add_note(at, dice),
        }
    }

    fn judge<T>(&self, done: &Result<T, NotebookError>, doing: &str) -> Checked<String> {
        match done {
            Ok(_) => Ok("done".into()),
            Err(e) if self.may_fail(e) => Ok(format!("refused, {e}")),
            Err(e) => Invariant::Works.broken(format!("{doing}: {e:?}")),
        }
    }

    /// Does something to a record, and looks at it before and after: nothing goes but what it means to take away,
    /// what it writes is there, and it is as many revisions as it should be. What is refused changes nothing.
    pub fn act<T>(
        &mut self,
        at: usize,
        deed: Deed<'_>,
        act: impl FnOnce(&Vault) -> Result<T, NotebookError>,
        doing: &str,
    ) -> Checked<String> {
        self.deeds += 1;
        let typing = self.devices[at].position()?.typing.len();
        let before = self.devices[at].shown(deed.record)?;
        let held = before.as_ref().map(|b| Tokens::of(&b.fields)).unwrap_or_default();
        let vault = self.devices[at].vault()?.clone();
        let mut done = act(&vault).map(drop);
        if let (Err(NotebookError::Stale), false) = (&done, deed.stale) {
            let what = format!("{doing} was refused as if something had arrived, and nothing had");
            return Invariant::Works.broken(what);
        }
        let unreadable = || before.as_ref().and_then(|b| b.fields.as_note()).is_some_and(|n| n.needs_newer_version());
        let refused = matches!(done, Err(NotebookError::NeedsNewerVersion)) && doing != "trash a notebook";
        // An undo may set one value that only a later version knows against another.
        let undoes = doing.starts_with("undo") && refused && self.was_written_by_newer_twice(at, deed.record)?;
        if refused && !undoes && !unreadable() {
            let what = format!("{doing} was refused as if a newer version had to do it");
            return Invariant::Works.broken(what);
        }
        let trashed = before.as_ref().is_some_and(|b| match &b.fields {
            Fields::Note(note) => note.trash.is_trashed(),
            Fields::Notebook(notebook) => notebook.trash.is_trashed(),
            _ => false,
        });
        if let (
            Err(NotebookError::Invalid(why)),
            "attach" | "set" | "edit" | "type" | "untag" | "trash" | "sweep",
            false,
        ) = (&done, doing, trashed)
        {
            return Invariant::Works.broken(format!("{doing} was refused: {why}"));
        }
        let outcome = self.judge(&done, doing)?;
        if done.is_ok() && deed.commit {
            done = vault.commit_note(NoteId::from(deed.record));
            self.judge(&done, "leaving a note")?;
        }
        let after = self.devices[at].shown(deed.record)?;
        let holds = after.as_ref().map(|b| Tokens::of(&b.fields)).unwrap_or_default();
        let gone: BTreeSet<u32> = held.all.difference(&holds.all).copied().collect();
        let name = self.devices[at].name.clone();
        if !deed.stale {
            self.builds_on_all(at, before.as_ref(), after.as_ref(), doing)?;
        }
        self.note_named(at, deed.record, before.as_ref(), after.as_ref())?;
        if let Some(before) = before.as_ref().filter(|_| !GOES_ON.contains(&doing)) {
            self.typing_is_kept(at, deed.record, before, after.as_ref())?;
        }
        if self.now_and_then() && self.notes.iter().any(|note| deed.record == (*note).into()) {
            self.shows_what_is(at, deed.record.into())?;
        }
        if outcome == "done" {
            // Who puts into the trash what a question holds is shown all of it.
            let is_held = |head: &&RevisionId| self.is_let_go(before.as_ref(), head);
            let came_with_it = after.as_ref().is_some_and(|shown| shown.heads.iter().any(|head| is_held(&head)));
            for lost in gone.iter().filter(|token| deed.may_go.as_ref().is_some_and(|may| !may.contains(token))) {
                // What others took away goes with what they wrote, where that was not in front of whoever wrote this.
                if (deed.stale || came_with_it) && self.may_be_gone(at, deed.record, before.as_ref(), *lost)? {
                    continue;
                }
                let text = |shown: &Option<Shown>| {
                    let fields =
                        shown.as_ref().and_then(|s| s.fields.as_note().map(|note| note.body.segments().to_vec()));
                    format!("{fields:?}")
                };
                let lost = word(*lost);
                let what = format!(
                    "{doing} on {name} took {lost} of {} away\n    before: {}\n    after: {}",
                    deed.record,
                    text(&before),
                    text(&after)
                );
                return Invariant::LostEdit.broken(what);
            }
            if let Some(missing) = deed.fresh.iter().find(|token| !holds.all.contains(token)) {
                let what = format!("{name} saved {} ({doing}) and does not show it", word(*missing));
                return Invariant::ReadYourWrites.broken(what);
            }
            if before.as_ref().is_some_and(|b| b.typing) {
                self.typed_over.extend(&gone);
            }
            if !self.unacknowledged {
                self.acknowledge(at, deed.record, deed.fresh);
            }
        } else if !gone.is_empty() || before.is_some() != after.is_some() {
            return Invariant::LostEdit.broken(format!("{doing} was refused on {name} and took {gone:?} away"));
        }
        self.look_at_outbox(at, typing + deed.most)?;
        let digest = after.map(|shown| crate::check::digest(deed.record, &shown)).unwrap_or_default();
        Ok(format!("{doing} {} {outcome} {digest}", short(deed.record)))
    }

    /// True where a field that only a later version knows has had more than one value.
    fn was_written_by_newer_twice(&self, at: usize, record: RecordId) -> Checked<bool> {
        let history = self.devices[at].look(|l| l.history(record))?;
        let notes = history.revisions.iter().filter_map(|revision| revision.fields.as_note());
        let values: BTreeSet<(u64, String)> =
            notes.flat_map(|note| note.unknown.iter().map(|(number, value)| (*number, format!("{value:?}")))).collect();
        let numbers: BTreeSet<u64> = values.iter().map(|(number, _)| *number).collect();
        Ok(values.len() > numbers.len())
    }

    /// True for a version that waited for a decision: what was shown did not have it.
    fn is_let_go(&self, before: Option<&Shown>, head: &RevisionId) -> bool {
        self.trips && self.made.contains(head) && before.is_some_and(|shown| !shown.heads.contains(head))
    }

    /// Whoever writes on what is shown has seen all of it: what they wrote is the only head. (Who takes back what they type
    /// has the heads again that it was typed on.)
    fn builds_on_all(&self, at: usize, before: Option<&Shown>, after: Option<&Shown>, doing: &str) -> Checked {
        let heads = |shown: Option<&Shown>| shown.map(|s| s.heads.clone()).unwrap_or_default();
        let typing = after.is_some_and(|shown| shown.typing);
        let waited = |head: &&RevisionId| self.is_let_go(before, head);
        let (seen, after) = (heads(before), heads(after));
        let mut fresh = after.iter().filter(|head| !seen.contains(head) && !self.made.contains(head));
        if after.iter().filter(|head| !waited(head)).count() < 2 || fresh.clone().next().is_none() {
            return Ok(());
        }
        let outbox = self.devices[at].position()?.outbox;
        if fresh.any(|head| typing || outbox.contains(head)) {
            return Invariant::Causality.broken(format!("{doing} was on all that is shown, and builds on a part"));
        }
        Ok(())
    }

    /// True where a word may be gone by what became of it in the versions that this device had before.
    fn may_be_gone(&self, at: usize, record: RecordId, before: Option<&Shown>, token: u32) -> Checked<bool> {
        let heads = self.devices[at].shown(record)?.map(|shown| shown.heads).unwrap_or_default();
        let mut known = before.map(|shown| shown.heads.clone()).unwrap_or_default();
        known.extend(heads.iter().filter(|head| self.is_let_go(before, head)));
        may_be_gone(&self.devices[at].look(|l| l.history(record))?, &known, &heads, token)
    }

    fn add_note(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let mut fresh = vec![self.token()];
        let mut body = String::new();
        for _ in 0..dice.below(7) {
            let token = self.token();
            fresh.push(token);
            let start = ["", "- ", "- [ ] ", "# ", "line "][dice.below(5)];
            let _ = writeln!(body, "{start}{} base", word(token));
        }
        let notebook = if dice.chance(40) { dice.pick(&self.notebooks_of(at)?).copied() } else { None };
        // Who has habits writes down at once until when it is to be done, and what it belongs to.
        let (mut due, mut tags) = (None, Vec::new());
        if self.few_tags && dice.chance(40) {
            let token = self.token();
            fresh.push(token);
            (due, tags) = (date(token), vec![a_tag(dice).to_owned()]);
        }
        let new = NewNote { title: word(fresh[0]), body, notebook, tags: tags.clone(), due };
        self.deeds += 1;
        let added = self.devices[at].vault()?.add_note(&new);
        let outcome = self.judge(&added, "add a note")?;
        if let Ok(id) = added {
            self.look_at_outbox(at, 1)?;
            let shown = self.devices[at].shown(id.into())?.map(|s| Tokens::of(&s.fields)).unwrap_or_default();
            if let Some(missing) = fresh.iter().find(|token| !shown.all.contains(token)) {
                return Invariant::ReadYourWrites.broken(format!("a new note does not show {}", word(*missing)));
            }
            let row = self.devices[at].vault()?.note(id).works("reading a note")?.row;
            if (row.notebook, row.due, &row.tags) != (notebook, due, &tags) {
                return Invariant::ReadYourWrites
                    .broken(format!("a new note does not lie where it was made, or lacks {due:?} or {tags:?}"));
            }
            self.notes.push(id);
            if !self.unacknowledged {
                self.acknowledge(at, id.into(), &fresh);
            }
            return Ok(format!("add {} {outcome}", short(id.into())));
        }
        Ok(format!("add {outcome}"))
    }

    pub fn edit(&mut self, at: usize, id: NoteId, commit: bool, dice: &mut Dice) -> Checked<String> {
        let note = self.devices[at].vault()?.note(id).works("reading a note")?;
        let (body, gone, fresh) = change(&note.row.body, self.token(), dice);
        let patch = NotePatch { body: Some(body), ..NotePatch::default() };
        let deed = Deed { record: id.into(), may_go: Some(gone), fresh: &fresh, commit, most: 1, stale: false };
        let doing = if commit { "edit" } else { "type" };
        self.act(at, deed, |v| v.save_note(id, &note.seen_heads, &patch), doing)
    }

    /// An edit while a sync of the same device is under way.
    pub fn edit_any(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let notes = self.notes_of(at)?;
        // Where people go on in what they type, they stay in it.
        let leave = !self.few_tags || self.unacknowledged || dice.clone().chance(50);
        match dice.pick(&notes).copied() {
            Some(note) => self.edit(at, note, leave, dice),
            None => self.add_note(at, dice),
        }
    }

    fn open_buffer(&mut self, at: usize, id: NoteId) -> Checked<String> {
        let note = self.devices[at].vault()?.note(id).works("reading a note")?;
        self.devices[at].buffer = Some(Buffer { note: id, seen: note.seen_heads, body: note.row.body });
        Ok(format!("open {}", short(id.into())))
    }

    fn save_buffer(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let Some(buffer) = self.devices[at].buffer.take() else { return Ok("nothing is open".into()) };
        let (body, gone, fresh) = change(&buffer.body, self.token(), dice);
        let patch = NotePatch { body: Some(body), ..NotePatch::default() };
        let deed =
            Deed { record: buffer.note.into(), may_go: Some(gone), fresh: &fresh, commit: true, most: 1, stale: true };
        self.act(at, deed, |v| v.save_note(buffer.note, &buffer.seen, &patch), "save a buffer")
    }

    pub fn set(&mut self, at: usize, id: NoteId, patch: NotePatch, fresh: &[u32], dice: &mut Dice) -> Checked<String> {
        let note = self.devices[at].vault()?.note(id).works("reading a note")?;
        let shown = self.devices[at].shown(id.into())?;
        let mut gone = BTreeSet::new();
        if let Some(fields) = shown.as_ref().and_then(|s| s.fields.as_note()) {
            // What is typed over is the side that is shown.
            if patch.title.is_some() {
                gone.extend(tokens::of_text(fields.title.shown()));
            }
            if patch.due.is_some() {
                gone.extend(fields.due.shown().and_then(tokens::of_date));
            }
        }
        let deed =
            Deed { record: id.into(), may_go: Some(gone), fresh, commit: dice.chance(80), most: 1, stale: false };
        let outcome = self.act(at, deed, |v| v.save_note(id, &note.seen_heads, &patch), "set")?;
        if !self.looks {
            return Ok(outcome);
        }
        let now = self.devices[at].vault()?.note(id).works("reading a note")?.row;
        let is_set = patch.done.is_none_or(|done| now.done == done)
            && patch.due.is_none_or(|due| now.due == due)
            && patch.notebook.is_none_or(|notebook| now.notebook == notebook);
        if outcome.contains("done") && !is_set {
            return Invariant::ReadYourWrites.broken(format!("{patch:?} was set, and {id} shows otherwise"));
        }
        Ok(outcome)
    }

    /// Puts a note into the trash, or brings it back.
    pub fn trash_or_restore(&mut self, at: usize, note: NoteId) -> Checked<String> {
        let trashed = self.devices[at].vault()?.note(note).works("reading a note")?.row.trashed;
        // A note comes back with the notebooks that it was in.
        let most = 1 + self.notebooks.len();
        let deed =
            Deed { record: note.into(), may_go: Some(BTreeSet::new()), fresh: &[], commit: true, most, stale: false };
        let doing = if trashed { "restore" } else { "trash" };
        let act = |v: &Vault| if trashed { v.restore_note(note) } else { v.trash_note(note) };
        let outcome = self.act(at, deed, act, doing)?;
        if trashed && outcome.contains("done") {
            self.is_out_of_the_trash(at, note)?;
        }
        Ok(outcome)
    }

    /// A note that was brought back is seen where it was: no notebook that it is in, or that is above, is in the trash.
    fn is_out_of_the_trash(&self, at: usize, id: NoteId) -> Checked {
        let row = self.devices[at].vault()?.note(id).works("reading a note")?.row;
        let (mut above, mut gone) = (row.notebook, None);
        // A chain longer than there are notebooks is a cycle.
        for _ in 0..=self.notebooks.len() {
            let shown = match above {
                Some(notebook) => self.devices[at].shown(notebook.into())?,
                None => None,
            };
            let Some(notebook) = shown.as_ref().and_then(|s| s.fields.as_notebook()) else { break };
            gone = gone.or(above.filter(|_| notebook.trash.is_trashed()));
            above = *notebook.parent.shown();
        }
        if row.trashed || gone.is_some() {
            let what = format!("{id} was brought back, and is in the trash ({}) or below {gone:?}", row.trashed);
            return Invariant::ReadYourWrites.broken(what);
        }
        Ok(())
    }

    fn tree(&mut self, at: usize, act: Act, dice: &mut Dice) -> Checked<String> {
        let here = self.notebooks_of(at)?;
        let token = self.token();
        let shared = dice.chance(30);
        let name = if shared { SHARED_NAMES[dice.below(3)].to_owned() } else { word(token) };
        let fresh: &[u32] = if shared { &[] } else { &[token] };
        let picked = dice.pick(&here).copied();
        let other = if dice.chance(70) { dice.pick(&here).copied() } else { None };
        let many = 1 + self.notes.len() + self.notebooks.len();
        let vault = self.devices[at].vault()?.clone();
        match (act, picked) {
            (Act::AddNotebook, _) | (_, None) => self.add_notebook(at, &name, other, fresh),
            (Act::RenameNotebook, Some(id)) => {
                let shown = self.devices[at].shown(id.into())?;
                let gone = shown.map(|s| Tokens::of(&s.fields).all);
                let deed = Deed { record: id.into(), may_go: gone, fresh, commit: false, most: many, stale: false };
                let before = vault.notebook_tree().works("the tree")?;
                let outcome = self.act(at, deed, |v| v.rename_notebook(id, &name), "rename")?;
                if outcome.contains("done") {
                    self.all_of_it_is(at, id, &before, |node, _| fold_name(&node.name) == fold_name(&name))?;
                }
                Ok(outcome)
            }
            (Act::MoveNotebook, Some(id)) => self.move_notebook(at, id, other),
            (_, Some(id)) => self.trash_notebook(at, id),
        }
    }

    pub fn move_notebook(&mut self, at: usize, id: NotebookId, to: Option<NotebookId>) -> Checked<String> {
        let most = 1 + self.notes.len() + self.notebooks.len();
        let may_go = Some(BTreeSet::new());
        let deed = Deed { record: id.into(), may_go, fresh: &[], commit: false, most, stale: false };
        let before = self.devices[at].vault()?.notebook_tree().works("the tree")?;
        let outcome = self.act(at, deed, |v| v.move_notebook(id, to), "move")?;
        if outcome.contains("done") {
            let there = |node: &NotebookNode, above: Option<&NotebookNode>| match to {
                Some(to) => above.is_some_and(|above| above.same.contains(&to)),
                None => node.parent.is_none(),
            };
            self.all_of_it_is(at, id, &before, there)?;
        }
        Ok(outcome)
    }

    pub fn add_notebook(&mut self, at: usize, name: &str, above: Option<NotebookId>, fresh: &[u32]) -> Checked<String> {
        let typing = self.devices[at].position()?.typing.len();
        self.deeds += 1;
        let added = self.devices[at].vault()?.add_notebook(name, above);
        let outcome = self.judge(&added, "add a notebook")?;
        self.look_at_outbox(at, typing + 1)?;
        if let Ok(id) = added {
            self.notebooks.push(id);
            if !self.unacknowledged {
                self.acknowledge(at, id.into(), fresh);
            }
        }
        Ok(format!("add a notebook {outcome}"))
    }

    /// Puts a notebook into the trash, with all that is in it.
    pub fn trash_notebook(&mut self, at: usize, id: NotebookId) -> Checked<String> {
        let most = 1 + self.notes.len() + self.notebooks.len();
        let deed =
            Deed { record: id.into(), may_go: Some(BTreeSet::new()), fresh: &[], commit: false, most, stale: false };
        let inside = self.devices[at].vault()?.notebook_with_descendants(id).works("the tree")?;
        let outcome = self.act(at, deed, |v| v.trash_notebook(id), "trash a notebook")?;
        if outcome.contains("done") {
            self.all_of_it_is_trashed(at, &inside)?;
        }
        Ok(outcome)
    }

    /// What somebody did to a notebook they did to all that was shown as it: each is so now, with what is above it.
    fn all_of_it_is(
        &self,
        at: usize,
        id: NotebookId,
        before: &[NotebookNode],
        is_so: impl Fn(&NotebookNode, Option<&NotebookNode>) -> bool,
    ) -> Checked {
        let tree = self.devices[at].vault()?.notebook_tree().works("the tree")?;
        let with = before.iter().find(|node| node.same.contains(&id)).map_or(&[][..], |node| &node.same);
        for one in with {
            let Some(node) = tree.iter().find(|node| node.same.contains(one)) else { continue };
            let above = node.parent.and_then(|parent| tree.iter().find(|above| above.id == parent));
            if !is_so(node, above) {
                let what = format!("{id} was renamed or moved, and {one}, which was shown as it, is {node:?}");
                return Invariant::ReadYourWrites.broken(what);
            }
        }
        Ok(())
    }

    /// Whoever trashes a notebook has trashed all that is in it.
    fn all_of_it_is_trashed(&self, at: usize, inside: &[NotebookId]) -> Checked {
        let tree = self.devices[at].vault()?.notebook_tree().works("the tree")?;
        if let Some(left) = tree.iter().find(|node| inside.contains(&node.id)) {
            return Invariant::Decision.broken(format!("{} is in a notebook that was trashed, and stays", left.id));
        }
        for note in self.notes_of(at)? {
            let row = self.devices[at].vault()?.note(note).works("reading a note")?.row;
            if !row.trashed && row.notebook.is_some_and(|notebook| inside.contains(&notebook)) {
                return Invariant::Decision.broken(format!("{note} is in a notebook that was trashed, and stays"));
            }
        }
        Ok(())
    }

    pub fn resolve(&mut self, at: usize, note: NoteId, dice: &mut Dice) -> Checked<String> {
        let vault = self.devices[at].vault()?.clone();
        // Most of the time something that asks.
        let asks = vault.reviews().works("listing reviews")?;
        let record = match dice.pick(&asks).filter(|_| dice.clone().chance(85)) {
            Some(one) => one.id,
            None => note.into(),
        };
        let typing = self.devices[at].position()?.typing.len();
        let review = match vault.review(record) {
            Ok(review) => review,
            Err(e) if self.may_fail(&e) => return Ok(format!("refused, {e}")),
            Err(e) => return Invariant::Works.broken(format!("review: {e:?}")),
        };
        self.look_at_outbox(at, typing)?;
        let Decided { may_go, choices, places: decided } = decide(&review.review.places, dice);
        if choices.is_empty() {
            return Ok("nothing to decide".into());
        }
        self.met.reviews += 1;
        let before = review.seen_heads.clone();
        let shown = self.devices[at].shown(record)?;
        let (take_back, taken_back) = (dice.chance(10), std::cell::Cell::new(false));
        let commit = dice.chance(70);
        let most = 2 + self.notebooks.len();
        // What its person puts into the trash leaves the question about a sync, and what came is shown from then on.
        let asked =
            vault.held_notes().works("listing what waits")?.iter().any(|note| RecordId::from(note.id) == record);
        let deed = Deed { record, may_go: Some(may_go), fresh: &[], commit: commit && !take_back, most, stale: false };
        let act = |v: &Vault| {
            v.resolve(record, &before, &choices, None)?;
            match take_back.then(|| v.undo_resolution(record)) {
                // On a full disk the decision that was just made stays.
                Some(Ok(())) => {
                    taken_back.set(true);
                    Ok(())
                }
                None | Some(Err(NotebookError::NothingToUndo(_) | NotebookError::DiskFull)) => Ok(()),
                Some(Err(e)) => Err(e),
            }
        };
        let outcome = self.act(at, deed, act, "resolve")?;
        if taken_back.get() && !asked {
            let is = self.devices[at].shown(record)?.map(|s| s.fields);
            is_as_it_was(
                record,
                shown.as_ref().map(|s| &s.fields),
                is.as_ref(),
                "a decision that was taken back at once",
            )?;
        }
        if outcome.contains("done")
            && !taken_back.get()
            && let Some(was) = &shown
        {
            self.is_as_chosen(at, record, &was.fields, &review.review.places, &choices)?;
        }
        if outcome.contains("done") && !take_back && !self.unacknowledged {
            let heads = self.devices[at].shown(record)?.map(|s| s.heads).unwrap_or_default();
            let made: Vec<RevisionId> = heads.into_iter().filter(|head| !before.contains(head)).collect();
            if let [revision] = made.as_slice() {
                self.decisions.push(Decision { record, revision: *revision, places: decided, device: at });
            }
        }
        Ok(outcome)
    }
}

/// Enough of an id to tell it from others.
pub fn short(id: RecordId) -> String {
    id.to_string()[..6].to_owned()
}
