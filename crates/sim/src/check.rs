//! What must hold when the faults have stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use holdfast_domain::{DeviceId, Fields, Hlc, Origin, Revision, RevisionId, Stamp, TrashState};
use holdfast_merge::{PlaceId, review, review_notebook};
use holdfast_notebook::RecordId;
use holdfast_notebook::simulation::{History, Shown};

use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::people::short;
use crate::template::read;
use crate::tokens::{MARK, Tokens, word};
use crate::world::World;

/// So often every device syncs at most until nothing moves.
const ROUNDS: usize = 10;
/// A device's clock follows another's by so much (`domain::hlc`).
const FOLLOWS_MS: u64 = 5 * 60 * 1_000;

/// A state as few letters: equal for equal states.
pub fn digest(id: RecordId, shown: &Shown) -> String {
    let stamp = Stamp { hlc: Hlc::default(), device: DeviceId([0; 16]) };
    let canonical = Revision::new(id, shown.heads.clone(), stamp, Origin::Edit, 0, shown.fields.clone()).encode();
    let bytes = canonical.unwrap_or_else(|e| format!("{e} {:?}", shown.heads).into_bytes());
    blake3::hash(&bytes).to_hex()[..12].to_owned()
}

impl World {
    /// Everything works again, and everybody syncs until nothing moves.
    pub fn make_peace(&mut self) -> Checked {
        {
            let mut net = self.network.net();
            for line in &mut net.lines {
                line.mute = false;
                line.deaf = false;
                line.next = None;
                line.lie = None;
                line.server = 0;
            }
            let met = net.met.clone();
            drop(net);
            self.met.faults.extend(met);
        }
        for device in &mut self.devices {
            device.away = false;
            device.clock.offset_ms.store(0, std::sync::atomic::Ordering::SeqCst);
        }
        for _ in 0..ROUNDS {
            let mut moved = 0;
            for at in 0..self.devices.len() {
                self.clock.advance(1_000);
                let report = self.sync_in_peace(at)?;
                moved += report.pushed + report.pulled;
                self.overheard()?;
            }
            if moved == 0 {
                return Ok(());
            }
        }
        Invariant::Liveness.broken(format!("after {ROUNDS} rounds of sync there is still something to send"))
    }

    /// Nobody has anything set aside any more.
    fn nothing_waits(&self) -> Checked {
        for device in &self.devices {
            if !device.position()?.quarantine.is_empty() {
                return Invariant::Liveness.broken(format!("{} has something in quarantine", device.name));
            }
        }
        Ok(())
    }

    /// All that a device shows, a line for each thing.
    fn picture(&self, at: usize) -> Checked<BTreeMap<String, String>> {
        let device = &self.devices[at];
        let vault = device.vault()?;
        let mut out = BTreeMap::new();
        for id in device.look(|l| l.records())? {
            let Some(shown) = device.shown(id)? else { continue };
            out.insert(format!("record {id}"), digest(id, &shown));
            if let Fields::Note(_) = &shown.fields {
                let note = vault.note(id.into()).works("reading a note")?;
                out.insert(format!("note {id}"), format!("{:?} {}", note.row, note.read_only));
                for file in vault.attachments(id.into()).works("reading files")? {
                    let bytes = vault.attachment_bytes(file.id).map(|b| b.len() as u64);
                    if bytes.as_ref().ok() != Some(&file.size) {
                        return Invariant::Convergence.broken(format!("{} lacks the file {}", device.name, file.path));
                    }
                    out.insert(format!("file {id} {}", file.path), format!("{file:?}"));
                }
            }
            if shown.heads.len() > 1 && !shown.fields.is_open() && !shown.typing {
                let there = device.look(|l| l.has_receipt(&shown.heads))?;
                out.insert(format!("receipt {id}"), there.to_string());
                if !there && matches!(shown.fields, Fields::Note(_) | Fields::Notebook(_)) {
                    let what = format!("{} merged {} without a receipt", device.name, short(id));
                    return Invariant::Convergence.broken(what);
                }
            }
        }
        out.insert("tree".into(), format!("{:?}", vault.notebook_tree().works("the tree")?));
        out.insert("tags".into(), format!("{:?}", vault.tags().works("tags")?));
        out.insert("counts".into(), format!("{:?}", vault.sidebar_counts().works("counts")?));
        let reviews = vault.reviews().works("reviews")?;
        out.insert("reviews".into(), format!("{:?}", reviews.iter().map(|r| (r.id, r.choices)).collect::<Vec<_>>()));
        Ok(out)
    }

    /// Everything that is checked at the end.
    pub fn judge_all(&mut self) -> Checked {
        self.nothing_waits()?;
        let pictures: Vec<_> = (0..self.devices.len()).map(|at| self.picture(at)).collect::<Checked<_>>()?;
        for (at, picture) in pictures.iter().enumerate() {
            self.compare(0, at, &pictures[0], picture, Invariant::Convergence)?;
            let hash = blake3::hash(format!("{picture:?}").as_bytes()).to_hex();
            self.note(&format!("{} {hash}", self.devices[at].name));
        }
        self.met.receipts += u64::from(self.devices[0].vault()?.unseen_receipts().works("counting receipts")?);
        self.again(&pictures)?;
        self.no_storm()?;
        // All show the same: one of them is enough.
        for record in self.records() {
            self.judge_record(record, 0)?;
        }
        self.searchable(0)?;
        self.scan()
    }

    fn records(&self) -> Vec<RecordId> {
        let notes = self.notes.iter().map(|id| RecordId::from(*id));
        notes.chain(self.notebooks.iter().map(|id| RecordId::from(*id))).collect()
    }

    fn compare(
        &self,
        a: usize,
        b: usize,
        one: &BTreeMap<String, String>,
        other: &BTreeMap<String, String>,
        invariant: Invariant,
    ) -> Checked {
        if one == other {
            return Ok(());
        }
        let (a, b) = (&self.devices[a].name, &self.devices[b].name);
        let key = one.keys().chain(other.keys()).find(|key| one.get(*key) != other.get(*key));
        let key = key.cloned().unwrap_or_default();
        invariant.broken(format!("{key}: {a} has {:?} and {b} has {:?}", one.get(&key), other.get(&key)))
    }

    /// A second sync changes nothing, and asks once.
    fn again(&mut self, pictures: &[BTreeMap<String, String>]) -> Checked {
        for (at, picture) in pictures.iter().enumerate() {
            let count = self.devices[at].look(|l| l.revision_count())?;
            let report = self.sync_in_peace(at)?;
            let requests = self.network.net().line(at).requests.clone();
            let name = self.devices[at].name.clone();
            let moved = report.pushed + report.pulled > 0;
            if moved || requests != ["log"] || self.devices[at].look(|l| l.revision_count())? != count {
                let what = format!("a second sync of {name} asked {requests:?}, {report:?}");
                return Invariant::Idempotence.broken(what);
            }
            let now = self.picture(at)?;
            self.compare(at, at, picture, &now, Invariant::Idempotence)?;
        }
        Ok(())
    }

    /// Each device has what people wrote and nothing else.
    fn no_storm(&self) -> Checked {
        for device in &self.devices {
            let count = device.look(|l| l.revision_count())?;
            if count != self.made.len() as u64 {
                let (name, made) = (&device.name, self.made.len());
                return Invariant::Storm.broken(format!("{name} has {count} revisions, and people made {made}"));
            }
        }
        Ok(())
    }

    fn searchable(&self, at: usize) -> Checked {
        for saved in self.saved.iter().rev().filter(|s| self.notes.iter().any(|n| s.record == (*n).into())).take(3) {
            let Some(shown) = self.devices[at].shown(saved.record)? else { continue };
            let Some(note) = shown.fields.as_note() else { continue };
            let token = word(saved.token);
            let there =
                note.body.shown().contains(&format!("{token} ")) || note.body.shown().contains(&format!("{token}\n"));
            let hits = self.devices[at].vault()?.search(&token, 50).works("searching")?;
            if there && !hits.iter().any(|hit| RecordId::from(hit.id) == saved.record) {
                return Invariant::Convergence.broken(format!("{token} is in a note and is not found"));
            }
        }
        Ok(())
    }

    /// No word of any text is in any file of the server.
    fn scan(&self) -> Checked {
        let mut files = Vec::new();
        let servers = self.network.net().servers.len();
        for server in 0..servers {
            let dir = self.dir.path().join(if server == 0 { "server".to_owned() } else { format!("server{server}") });
            read(&dir, std::path::Path::new(""), &mut files).works("reading the server")?;
        }
        for (path, bytes) in files {
            if bytes.windows(MARK.len()).any(|w| w == MARK.as_bytes()) {
                return Invariant::Plaintext.broken(format!("a planted word is in the server's {}", path.display()));
            }
        }
        Ok(())
    }

    /// What became of everything that people wrote in a record, as one device has it.
    fn judge_record(&mut self, record: RecordId, at: usize) -> Checked {
        let asked: Vec<u32> = self.saved.iter().filter(|s| s.record == record).map(|s| s.token).collect();
        let name = self.devices[at].name.clone();
        let Some(shown) = self.devices[at].shown(record)? else {
            return match asked.first() {
                Some(token) => Invariant::LostEdit.broken(format!("{name} lacks the record of {}", word(*token))),
                None => Ok(()),
            };
        };
        let history = self.devices[at].look(|l| l.history(record))?;
        let traced = Traced::of(&history)?;
        self.causality(&history, &name)?;
        let now = Tokens::of(&shown.fields);
        for token in asked {
            if now.all.contains(&token) {
                continue;
            }
            let (puts, takes) = (of_token(&traced.puts, token), of_token(&traced.takes, token));
            let seen = |put: &RevisionId| takes.iter().any(|take| history.is_ancestor(*put, *take));
            match puts.iter().find(|put| !seen(put)) {
                None if !takes.is_empty() => {}
                None if puts.is_empty() && self.typed_over.contains(&token) => {}
                // The weak promise of 0015: put back is as never removed, for whoever had not seen it.
                Some(put) if !takes.is_empty() && traced.is_again(*put, token) => self.met.put_back_gone += 1,
                // Each side of a place that had it was taken away by somebody who had seen it, and no two knew.
                Some(_) if traced.gone_by_sides(&history, token) => self.met.gone_by_sides += 1,
                _ => {
                    let story = traced.story(&history, token, &shown.fields);
                    let what = format!("{name} lacks {} of {record}, which nobody took away{story}", word(token));
                    return Invariant::LostEdit.broken(what);
                }
            }
        }
        self.nothing_comes_back(&history, &traced, &now, &shown, &name)?;
        self.decisions_hold(record, &history, &shown, &name)?;
        trash_holds(&history, &traced, &shown, &name)
    }

    /// What builds on another version was written later, by the clocks that follow each other.
    fn causality(&self, history: &History, name: &str) -> Checked {
        let times: BTreeMap<RevisionId, Hlc> = history.rows.iter().map(|row| (row.rid, row.hlc)).collect();
        for row in &history.rows {
            for parent in &row.parents {
                let Some(before) = times.get(parent) else {
                    return Invariant::Causality.broken(format!("{name} has {} without its parent", row.rid));
                };
                // A clock that is far ahead is not followed.
                let jumped = self.met.faults.contains(&Fault::ClockJump) || before.ms > row.hlc.ms + FOLLOWS_MS;
                if *before >= row.hlc && !jumped {
                    return Invariant::Causality.broken(format!("{} is older than what it builds on", row.rid));
                }
            }
        }
        Ok(())
    }

    /// What was taken away everywhere is not clean text.
    fn nothing_comes_back(
        &mut self,
        history: &History,
        traced: &Traced,
        now: &Tokens,
        shown: &Shown,
        name: &str,
    ) -> Checked {
        for token in &now.clean {
            let takes = of_token(&traced.takes, *token);
            if takes.is_empty() {
                continue;
            }
            let puts = of_token(&traced.clears, *token);
            let unseen = puts.iter().any(|put| !takes.iter().any(|take| history.is_ancestor(*put, *take)));
            if unseen {
                continue;
            }
            // The other weak promise of 0015.
            if traced.by_parts {
                self.met.back_by_parts += 1;
                continue;
            }
            let story = traced.story(history, *token, &shown.fields);
            let what = format!("{} was taken away, and {name} shows it again{story}", word(*token));
            return Invariant::Resurrection.broken(what);
        }
        Ok(())
    }

    /// What was decided is not asked again, unless somebody who had not seen that wrote there or took it back.
    fn decisions_hold(&self, record: RecordId, history: &History, shown: &Shown, name: &str) -> Checked {
        let open: BTreeSet<_> = match &shown.fields {
            Fields::Note(note) => review(note).places.into_iter().map(|p| p.id).collect(),
            Fields::Notebook(notebook) => review_notebook(notebook).places.into_iter().map(|p| p.id).collect(),
            _ => return Ok(()),
        };
        for decision in self.decisions.iter().filter(|d| d.record == record) {
            let made = decision.revision;
            let here = history.rows.iter().any(|row| row.rid == made);
            let all_saw = shown.heads.iter().all(|head| history.is_ancestor(made, *head));
            let undone = history.rows.iter().any(|r| r.origin == Origin::Undo && history.is_ancestor(made, r.rid));
            if !here || !all_saw || undone {
                continue;
            }
            // Two who decided the same place without knowing of each other are asked both.
            let apart = |a: RevisionId, b: RevisionId| !history.is_ancestor(a, b) && !history.is_ancestor(b, a);
            let crossed = |place: &PlaceId| {
                let others = self.decisions.iter().filter(|d| d.record == record && d.places.contains(place));
                others.into_iter().any(|other| {
                    apart(made, other.revision) && history.rows.iter().any(|row| row.rid == other.revision)
                })
            };
            if decision.places.iter().any(|place| open.contains(place) && !crossed(place)) {
                let by = &self.devices[decision.device].name;
                let what = format!("a place in {} that {by} decided is open again on {name}", short(record));
                return Invariant::Decision.broken(what);
            }
        }
        Ok(())
    }
}

/// What each revision of a record put in, took away and made clean, against the versions that it was made from.
struct Traced {
    puts: BTreeMap<u32, Vec<RevisionId>>,
    takes: BTreeMap<u32, Vec<RevisionId>>,
    clears: BTreeMap<u32, Vec<RevisionId>>,
    /// Of several sides of a place that had the word, fewer have it.
    partly: BTreeMap<u32, Vec<RevisionId>>,
    trash: Vec<(RevisionId, TrashState)>,
    /// Places of places were decided in part.
    by_parts: bool,
    /// The order in which the history lists them.
    order: BTreeMap<RevisionId, usize>,
}

fn trash_of(fields: &Fields) -> TrashState {
    match fields {
        Fields::Note(note) => note.trash.state,
        Fields::Notebook(notebook) => notebook.trash.state,
        _ => TrashState::Live,
    }
}

impl Traced {
    fn of(history: &History) -> Checked<Self> {
        let mut out = Self {
            puts: BTreeMap::new(),
            takes: BTreeMap::new(),
            clears: BTreeMap::new(),
            partly: BTreeMap::new(),
            trash: Vec::new(),
            by_parts: false,
            order: history.rows.iter().enumerate().map(|(n, row)| (row.rid, n)).collect(),
        };
        let own: BTreeMap<RevisionId, Tokens> =
            history.rows.iter().zip(&history.revisions).map(|(row, r)| (row.rid, Tokens::of(&r.fields))).collect();
        let states: BTreeMap<RevisionId, TrashState> =
            history.rows.iter().zip(&history.revisions).map(|(row, r)| (row.rid, trash_of(&r.fields))).collect();
        let (mut nested, mut in_part) = (false, false);
        for (row, revision) in history.rows.iter().zip(&history.revisions) {
            let (base, trash) = match row.parents.as_slice() {
                [] => (Tokens::default(), TrashState::Live),
                [only] => match own.get(only) {
                    Some(base) => (base.clone(), states[only]),
                    None => return Invariant::Causality.broken(format!("{} lacks its parent", row.rid)),
                },
                several => match history.fold(several) {
                    Some(fields) => (Tokens::of(&fields), trash_of(&fields)),
                    None => return Invariant::Causality.broken(format!("{} lacks a parent", row.rid)),
                },
            };
            let now = &own[&row.rid];
            let add =
                |to: &mut BTreeMap<u32, Vec<RevisionId>>, token: &u32| to.entry(*token).or_default().push(row.rid);
            now.all.difference(&base.all).for_each(|t| add(&mut out.puts, t));
            base.all.difference(&now.all).for_each(|t| add(&mut out.takes, t));
            now.clean.difference(&base.clean).for_each(|t| add(&mut out.clears, t));
            for (token, before) in &base.sides {
                if now.sides.get(token).is_some_and(|left| left < before) {
                    add(&mut out.partly, token);
                }
            }
            let state = trash_of(&revision.fields);
            if state != trash {
                out.trash.push((row.rid, state));
            }
            nested |= base.nested || now.nested;
            in_part |= row.origin == Origin::Resolve && now.open > 0;
        }
        out.by_parts = nested && in_part;
        Ok(out)
    }

    /// Which versions did something about a word, for a person who looks for the fault.
    fn story(&self, history: &History, token: u32, shown: &Fields) -> String {
        let mut out = String::new();
        let short = |id: &RevisionId| id.to_string()[..6].to_owned();
        for row in &history.rows {
            let did = |of: &BTreeMap<u32, Vec<RevisionId>>| of_token(of, token).contains(&row.rid);
            let parents: Vec<String> = row.parents.iter().map(short).collect();
            let marks = [(did(&self.puts), " puts"), (did(&self.clears), " clears"), (did(&self.takes), " takes")];
            let marks: String = marks.iter().filter(|(done, _)| *done).map(|(_, mark)| *mark).collect();
            let _ = write!(out, "\n    {} on [{}] {:?}{marks}", short(&row.rid), parents.join(" "), row.origin);
        }
        for revision in &history.revisions {
            if let Some(note) = revision.fields.as_note() {
                let _ = write!(out, "\n    {:?}", note.body.segments());
            }
        }
        if let Some(note) = shown.as_note() {
            let _ = write!(out, "\n    shown: {:?}", note.body.segments());
        }
        out
    }

    fn gone_by_sides(&self, history: &History, token: u32) -> bool {
        let partly = of_token(&self.partly, token);
        let apart = |a: &&RevisionId| {
            partly.iter().any(|b| b != *a && !history.is_ancestor(*b, **a) && !history.is_ancestor(**a, *b))
        };
        let by: Vec<&RevisionId> = partly.iter().filter(apart).chain(of_token(&self.takes, token)).collect();
        let seen = |put: &RevisionId| by.iter().any(|take| history.is_ancestor(*put, **take));
        partly.iter().any(|p| apart(&p)) && of_token(&self.puts, token).iter().all(seen)
    }

    /// True where this put a word back that had been there before.
    fn is_again(&self, put: RevisionId, token: u32) -> bool {
        let puts = of_token(&self.puts, token);
        puts.iter().any(|other| self.order.get(other) < self.order.get(&put))
    }
}

fn of_token(of: &BTreeMap<u32, Vec<RevisionId>>, token: u32) -> &[RevisionId] {
    of.get(&token).map_or(&[], Vec::as_slice)
}

/// What was put into the trash, or taken out, and by nobody moved since, is there.
fn trash_holds(history: &History, traced: &Traced, shown: &Shown, name: &str) -> Checked {
    let now = trash_of(&shown.fields);
    for (act, state) in &traced.trash {
        // What came later or beside it may have decided otherwise.
        let others = traced
            .trash
            .iter()
            .any(|(other, decided)| other != act && decided != state && !history.is_ancestor(*other, *act));
        let wrong = match state {
            TrashState::Trashed => now == TrashState::Live,
            TrashState::Live => now == TrashState::Trashed,
            TrashState::Open => false,
        };
        if wrong && !others {
            return Invariant::Decision.broken(format!("{act} said {state:?}, and {name} shows {now:?}"));
        }
    }
    Ok(())
}
