//! What people do in some seeds, and not in others: they have few tags, and two often give one note the same one, not
//! knowing; and they go back to versions of long ago.

use std::collections::BTreeSet;

use holdfast_domain::{NoteId, fold_name};
use holdfast_notebook::{NotePatch, TagPatch};

use crate::dice::Dice;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::people::{Deed, SHARED_NAMES};
use crate::plan::Act;
use crate::tokens::{self, word};
use crate::world::World;

/// The first two are one tag.
const FEW: [&str; 3] = ["later", "Later", "waiting"];

/// In one seed of four. The others are as they were before there was this.
pub fn few_tags(seed: u64) -> bool {
    matches!(seed % 8, 2 | 5)
}

/// One of the few tags that people with habits have.
pub fn a_tag(dice: &mut Dice) -> &'static str {
    FEW[dice.below(FEW.len())]
}

fn is_of_few(tag: &str) -> bool {
    FEW.iter().any(|few| fold_name(few) == fold_name(tag))
}

impl World {
    /// What such people do instead. `None`: as others.
    pub fn habit(&mut self, at: usize, act: Act, dice: &mut Dice) -> Checked<Option<String>> {
        if !self.few_tags || self.full {
            return Ok(None);
        }
        match act {
            Act::Tag => self.tag_alike(at, dice).map(Some),
            Act::Untag => self.untag_few(at, dice).map(Some),
            Act::Type if dice.chance(30) => {
                if dice.chance(50) {
                    self.tag_alike(at, dice).map(Some)
                } else {
                    self.untag_few(at, dice).map(Some)
                }
            }
            Act::Edit | Act::Type if dice.chance(30) => self.type_on(at, act == Act::Edit, dice),
            Act::AddNotebook => self.name_alike(at, dice).map(Some),
            Act::MoveNotebook if dice.chance(50) => self.lay_crosswise(at, dice),
            Act::TrashNotebook => self.clear_out(at, dice).map(Some),
            Act::Resolve if dice.chance(30) => self.decide_and_regret(at, dice).map(Some),
            Act::OpenBuffer if dice.chance(40) => self.go_back(at, dice).map(Some),
            _ => Ok(None),
        }
    }

    /// Goes on in a note that is being typed in, whatever has come since. `None` where there is none.
    fn type_on(&mut self, at: usize, leave: bool, dice: &mut Dice) -> Checked<Option<String>> {
        let typing: BTreeSet<_> = self.devices[at].position()?.typing.into_iter().collect();
        let open = self.notes_of(at)?.into_iter().find(|note| typing.contains(&(*note).into()));
        open.map(|note| self.edit(at, note, leave, dice)).transpose()
    }

    /// Two make a notebook of one name, not knowing.
    fn name_alike(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let name = SHARED_NAMES[dice.below(SHARED_NAMES.len())];
        let said = self.add_notebook(at, name, None, &[])?;
        let other = dice.below(self.devices.len());
        if self.unacknowledged || other == at || self.devices[other].away {
            return Ok(said);
        }
        let theirs = self.add_notebook(other, name, None, &[])?;
        Ok(format!("{said}; {} {theirs}", self.devices[other].name))
    }

    /// Two lay two notebooks into each other, not knowing, and hear of it. `None` where there are no two.
    fn lay_crosswise(&mut self, at: usize, dice: &mut Dice) -> Checked<Option<String>> {
        let here = self.notebooks_of(at)?;
        let (Some(one), Some(two)) = (dice.pick(&here).copied(), dice.pick(&here).copied()) else { return Ok(None) };
        let other = dice.below(self.devices.len());
        let alone = self.unacknowledged || other == at || self.devices[other].away;
        let theirs = self.notebooks_of(other)?;
        if alone || one == two || !theirs.contains(&one) || !theirs.contains(&two) {
            return Ok(None);
        }
        let mut said = self.move_notebook(at, one, Some(two))?;
        let moved = self.move_notebook(other, two, Some(one))?;
        said = format!("{said}; {} {moved}", self.devices[other].name);
        self.hear_of_it(at, other, said).map(Some)
    }

    /// Both sync, until each has what the other did.
    fn hear_of_it(&mut self, at: usize, other: usize, mut said: String) -> Checked<String> {
        for device in [at, other, at] {
            let synced = self.sync(device, None)?;
            said = format!("{said}; {} {synced}", self.devices[device].name);
        }
        Ok(said)
    }

    /// Puts a notebook into the trash in which there is another, and brings a note of that one back.
    fn clear_out(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let (tree, notes) = (self.devices[at].vault()?.notebook_tree().works("the tree")?, self.notes_of(at)?);
        let nested: Vec<_> = tree.iter().filter_map(|node| Some((node.parent?, node.id))).collect();
        let (Some(note), Some(top)) = (dice.pick(&notes).copied(), dice.pick(&tree).map(|node| node.id)) else {
            return self.add_notebook(at, SHARED_NAMES[0], None, &[]);
        };
        let Some((above, below)) = dice.pick(&nested).copied() else {
            let token = self.token();
            return self.add_notebook(at, &word(token), Some(top), &[token]);
        };
        let moved = NotePatch { notebook: Some(Some(below)), ..NotePatch::default() };
        let mut said = self.set(at, note, moved, &[], dice)?;
        said = format!("{said}; {}", self.trash_notebook(at, above)?);
        if self.devices[at].vault()?.note(note).works("reading a note")?.row.trashed && dice.chance(70) {
            said = format!("{said}; {}", self.trash_or_restore(at, note)?);
        }
        Ok(said)
    }

    /// Decides, leaves the note, and takes it back.
    fn decide_and_regret(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let notes = self.notes_of(at)?;
        let Some(note) = dice.pick(&notes).copied() else { return Ok("no note".into()) };
        let before = self.decisions.len();
        let decided = self.resolve(at, note, dice)?;
        match self.decisions.get(before).map(|decision| decision.record) {
            Some(record) => Ok(format!("{decided}; {}", self.take_decision_back(at, record)?)),
            None => Ok(decided),
        }
    }

    /// The title and the text of some version are the newest again.
    fn go_back(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let notes = self.notes_of(at)?;
        let Some(note) = dice.pick(&notes).copied() else { return Ok("no note".into()) };
        let versions = self.devices[at].vault()?.history(note.into()).works("the history")?;
        let Some(version) = dice.pick(&versions).map(|version| version.id) else { return Ok("no version".into()) };
        if !self.get_old(at, note, version, dice)? {
            return Ok("it is not here any more".into());
        }
        let was = self.devices[at].vault()?.note_version(note, version).works("a version")?.row;
        let deed = Deed { record: note.into(), may_go: None, fresh: &[], commit: true, most: 1, stale: false };
        let outcome = self.act(at, deed, |v| v.restore_version(note, version), "go back")?;
        let now = self.devices[at].vault()?.note(note).works("reading a note")?.row;
        if outcome.contains("done") && (&now.title, &now.body) != (&was.title, &was.body) {
            return Invariant::ReadYourWrites.broken(format!("{note} went back to {version}, and does not show it"));
        }
        Ok(outcome)
    }

    pub fn tag(&mut self, at: usize, note: NoteId, name: &str, dice: &mut Dice) -> Checked<String> {
        let token = self.token();
        let tags = Some(TagPatch::Change { add: vec![word(token), name.into()], remove: vec![] });
        self.set(at, note, NotePatch { tags, ..NotePatch::default() }, &[token], dice)
    }

    /// Two give one note a tag, not knowing of each other, and then hear of it.
    fn tag_alike(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let notes = self.notes_of(at)?;
        let Some(note) = dice.pick(&notes).copied() else { return Ok("no note".into()) };
        let name = a_tag(dice);
        let mut said = self.tag(at, note, name, dice)?;
        let other = dice.below(self.devices.len());
        let alone = self.unacknowledged || other == at || self.devices[other].away;
        if alone || !self.notes_of(other)?.contains(&note) {
            return Ok(said);
        }
        let theirs = self.tag(other, note, a_tag(dice), dice)?;
        said = format!("{said}; {} {theirs}", self.devices[other].name);
        if dice.chance(50) { self.hear_of_it(at, other, said) } else { Ok(said) }
    }

    /// Takes one of the few off a note that has it.
    fn untag_few(&mut self, at: usize, dice: &mut Dice) -> Checked<String> {
        let mut tagged = Vec::new();
        for note in self.notes_of(at)? {
            let row = self.devices[at].vault()?.note(note).works("reading a note")?.row;
            let few = row.tags.into_iter().filter(|tag| is_of_few(tag));
            tagged.extend(few.map(|tag| (note, tag)));
        }
        match dice.pick(&tagged).cloned() {
            Some((note, tag)) => self.take_tag_off(at, note, &tag),
            None => Ok("no tag".into()),
        }
    }

    pub fn untag(&mut self, at: usize, id: NoteId, dice: &mut Dice) -> Checked<String> {
        let note = self.devices[at].vault()?.note(id).works("reading a note")?;
        match dice.pick(&note.row.tags).cloned() {
            Some(tag) => self.take_tag_off(at, id, &tag),
            None => Ok("no tag".into()),
        }
    }

    fn take_tag_off(&mut self, at: usize, id: NoteId, tag: &str) -> Checked<String> {
        let note = self.devices[at].vault()?.note(id).works("reading a note")?;
        let gone: BTreeSet<u32> = tokens::of_text(tag).collect();
        let tags = Some(TagPatch::Change { add: vec![], remove: vec![tag.to_owned()] });
        let patch = NotePatch { tags, ..NotePatch::default() };
        let deed = Deed { record: id.into(), may_go: Some(gone), fresh: &[], commit: true, most: 1, stale: false };
        let outcome = self.act(at, deed, |v| v.save_note(id, &note.seen_heads, &patch), "untag")?;
        let now = self.devices[at].vault()?.note(id).works("reading a note")?.row;
        if outcome.contains("done") && now.tags.iter().any(|left| fold_name(left) == fold_name(tag)) {
            return Invariant::ReadYourWrites.broken(format!("{tag} was taken off {id}, and is there"));
        }
        Ok(outcome)
    }
}
