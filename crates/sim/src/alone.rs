//! Programs that are left alone, as windows are: nobody asks for a sync. What is typed goes out, and what comes is fetched,
//! by the engine's own time, over lines that fail for a while. Time is the runtime's, and passes at once where all wait.

use std::rc::Rc;
use std::time::Duration;

use holdfast_domain::NoteId;
use holdfast_notebook::simulation::Shown;
use holdfast_notebook::sync::SyncFlag;
use holdfast_notebook::{NewNote, NotePatch, SyncState};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::busy::Busy;
use crate::dice::Dice;
use crate::fault::{Checked, Fault, Invariant, OrBroken as _};
use crate::thinking::change;
use crate::tokens::{Tokens, word};
use crate::world::World;

/// In one seed of eight, when all else is over.
pub fn are_left_alone(seed: u64) -> bool {
    seed % 8 == 3
}

/// Typing is a version after a minute, though it goes on.
const TYPES_ON_S: u64 = 90;
/// After a line has come back its device tries again within this (`MAX_DELAY_MS`), and the others hear of it.
const PATIENCE_S: u64 = 400;
/// Where nothing is in the way: typing becomes a version after five seconds without a key.
const AT_ONCE_S: u64 = 14;
/// So long nothing happens, and so many requests of each device are enough for that: polls, and a stream that broke.
const QUIET_S: u64 = 100;
const FEW_REQUESTS: usize = 4;

/// What somebody typed while programs were left alone.
struct Typed {
    note: NoteId,
    token: u32,
}

impl World {
    /// Everybody has their window open and types now and then.
    pub fn left_alone(&mut self) -> Checked {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.works("making a runtime")?;
        let members = self.members();
        {
            // The engine's time is that of the runtime.
            let _here = runtime.enter();
            for at in &members {
                self.devices[*at].vault()?.set_sync_flag(SyncFlag::Wake, false).works("switching something off")?;
                self.begin_anew(*at)?;
            }
        }
        let stop = Rc::new(Notify::new());
        let local = LocalSet::new();
        for at in &members {
            let syncer = self.devices[*at].syncer()?;
            let stop = stop.clone();
            local.spawn_local(async move { syncer.run(&stop).await });
        }
        let clock = self.clock.clone();
        local.spawn_local(async move {
            loop {
                sleep(Duration::from_secs(1)).await;
                clock.advance(1_000);
            }
        });
        let judged = local.block_on(&runtime, self.a_while(&members));
        drop(local);
        for at in &members {
            self.begin_anew(*at)?;
            self.look_at_outbox(*at, usize::MAX)?;
        }
        judged
    }

    /// Programs end and begin, with all that waits.
    fn begin_anew(&mut self, at: usize) -> Checked {
        self.devices[at].close()?;
        self.devices[at].reopen()
    }

    async fn a_while(&mut self, members: &[usize]) -> Checked {
        let mut dice = Dice::new(self.met.steps ^ 0xA10E);
        let mut typed = Vec::new();
        // Lines fail for a while: in one of three seeds for none of them.
        let (mut fail, mut reasons, mut seconds) = (Vec::new(), vec![0; self.devices.len()], 0);
        if dice.chance(66) {
            for at in members {
                let mut net = self.network.net();
                let line = net.line(*at);
                line.requests.clear();
                if dice.chance(60) {
                    line.mute = dice.chance(50);
                    line.deaf = dice.chance(50);
                } else if dice.chance(40) {
                    line.busy = Some(Busy::some_time(&mut dice));
                }
                if line.mute || line.deaf {
                    fail.push(*at);
                }
            }
        }
        // One has said that nothing is to be sent for now; and between one and the server lies something that lets no stream
        // through.
        let paused = dice.pick(members).copied().filter(|_| dice.clone().chance(30));
        if let Some(at) = paused {
            self.devices[at].syncer()?.pause(true).works("pausing")?;
            self.wait(members, 2).await?;
            self.network.net().line(at).requests.clear();
        }
        let without = dice.pick(members).copied().filter(|_| dice.clone().chance(25));
        if let Some(at) = without {
            self.network.net().line(at).no_stream = true;
            self.network.cut(at);
        }
        for _ in 0..2 + dice.below(4) {
            let some = 1 + dice.below(90) as u64;
            self.wait(members, some).await?;
            seconds += some;
            let Some(at) = dice.pick(members).copied() else { break };
            typed.extend(self.types(at, &mut dice)?);
            reasons[at] += 1;
            if dice.chance(40) {
                let of_requests = [Fault::DropRequest, Fault::DropAnswer, Fault::Duplicate, Fault::Truncate];
                let fault = dice.pick(&of_requests).copied().unwrap_or(Fault::DropAnswer);
                self.network.net().line(at).next = Some((dice.below(3), fault, dice.next_u64()));
            }
            if dice.chance(20) {
                reasons[at] += 1;
                self.a_person_asks(at);
                self.devices[at].syncer()?.sync_now().works("asking for a sync")?;
            }
            if dice.chance(20) {
                self.network.cut(at);
            }
        }
        if let Some(at) = paused {
            self.was_paused(at)?;
        }
        for at in fail {
            if Some(at) != without {
                self.few_tries(at, seconds, reasons[at])?;
            }
        }
        // Not every computer notices that its network is there again.
        let noticed = dice.chance(30);
        let mut busy = false;
        for at in members {
            let mut net = self.network.net();
            let line = net.line(*at);
            (line.mute, line.deaf, line.next) = (false, false, None);
            busy |= line.busy.is_some();
            drop(net);
            if noticed || dice.chance(50) {
                self.devices[*at].syncer()?.network_up();
            }
        }
        let at_once = noticed && !busy && without.is_none();
        self.all_have(members, &typed, if at_once { AT_ONCE_S } else { PATIENCE_S }).await?;
        self.nobody_asked_too_soon(members)?;
        if let Some(at) = without {
            let mut net = self.network.net();
            net.line(at).no_stream = false;
            drop(net);
            self.devices[at].syncer()?.network_up();
        }
        // Nothing is in the way now.
        for _ in 0..2 {
            let Some(at) = dice.pick(members).copied() else { break };
            typed.extend(self.types(at, &mut dice)?);
            self.all_have(members, &typed, AT_ONCE_S).await?;
        }
        if dice.chance(30)
            && let Some(at) = dice.pick(members).copied()
        {
            let typed = self.types_on(at, members).await?;
            self.all_have(members, &[typed], PATIENCE_S).await?;
        }
        self.is_quiet(members).await
    }

    /// Nothing was asked, whatever was written and came; and goes on.
    fn was_paused(&self, at: usize) -> Checked {
        let (name, syncer) = (&self.devices[at].name, self.devices[at].syncer()?);
        let asked = std::mem::take(&mut self.network.net().line(at).requests);
        if !asked.is_empty() {
            return Invariant::Storm.broken(format!("{name} is paused, and asked {asked:?}"));
        }
        let state = syncer.status().works("the status")?.state;
        if state != SyncState::Paused {
            return Invariant::ReadYourWrites.broken(format!("{name} is paused, and says {state:?}"));
        }
        self.a_person_asks(at);
        syncer.pause(false).works("going on")
    }

    /// Some time goes by. Where history is thinned it counts when each version was made.
    async fn wait(&mut self, members: &[usize], seconds: u64) -> Checked {
        for _ in 0..seconds {
            sleep(Duration::from_secs(1)).await;
            for at in members {
                if self.devices[*at].kind().thins.is_some() {
                    self.look_at_outbox(*at, usize::MAX)?;
                }
            }
        }
        Ok(())
    }

    /// Somebody types in a note of their own, or in one of all.
    fn types(&mut self, at: usize, dice: &mut Dice) -> Checked<Option<Typed>> {
        let notes = self.notes_of(at)?;
        let vault = self.devices[at].vault()?.clone();
        let token = self.token();
        if let Some(note) = dice.pick(&notes).copied().filter(|_| dice.chance(50)) {
            let row = vault.note(note).works("reading a note")?;
            let (body, _, fresh) = change(&row.row.body, token, dice);
            let patch = NotePatch { body: Some(body), ..NotePatch::default() };
            if !row.row.trashed && !row.read_only {
                let before = self.devices[at].shown(note.into())?;
                vault.save_note(note, &row.seen_heads, &patch).works("typing")?;
                let of = |shown: Option<&Shown>| shown.map(|s| Tokens::of(&s.fields).all).unwrap_or_default();
                if before.as_ref().is_some_and(|before| before.typing) {
                    let after = self.devices[at].shown(note.into())?;
                    self.typed_over.extend(of(before.as_ref()).difference(&of(after.as_ref())));
                }
                self.acknowledge(at, note.into(), &fresh);
            }
            // What others type in it may take it away.
            return Ok(None);
        }
        let note = vault.add_note(&NewNote { title: word(token), ..NewNote::default() }).works("a new note")?;
        self.notes.push(note);
        self.acknowledge(at, note.into(), &[token]);
        Ok(Some(Typed { note, token }))
    }

    /// Somebody types for long, and never stops for as long as it takes to think that they are done: what they began with is
    /// with the others before they end.
    async fn types_on(&mut self, at: usize, members: &[usize]) -> Checked<Typed> {
        let vault = self.devices[at].vault()?.clone();
        let (token, first) = (self.token(), self.token());
        let note = vault.add_note(&NewNote { title: word(token), ..NewNote::default() }).works("a new note")?;
        self.notes.push(note);
        self.acknowledge(at, note.into(), &[token]);
        let mut body = format!("{}\n", word(first));
        for _ in 0..TYPES_ON_S / 2 {
            let seen = vault.note(note).works("reading a note")?.seen_heads;
            let patch = NotePatch { body: Some(body.clone()), ..NotePatch::default() };
            vault.save_note(note, &seen, &patch).works("typing")?;
            body.push_str("and on\n");
            self.wait(members, 2).await?;
        }
        self.acknowledge(at, note.into(), &[first]);
        for other in members.iter().filter(|other| **other != at) {
            let shown = self.devices[*other].shown(note.into())?;
            if !shown.is_some_and(|shown| Tokens::of(&shown.fields).all.contains(&first)) {
                let (by, of) = (&self.devices[at].name, &self.devices[*other].name);
                return Invariant::Liveness.broken(format!("{by} types without a pause, and {of} has nothing of it"));
            }
        }
        Ok(Typed { note, token: first })
    }

    /// Waits until everybody has it, says that nothing waits, and hears of what comes.
    async fn all_have(&mut self, members: &[usize], typed: &[Typed], within_s: u64) -> Checked {
        let mut lacks = String::new();
        for _ in 0..within_s {
            lacks.clear();
            for at in members {
                let device = &self.devices[*at];
                let status = device.syncer()?.status().works("the status")?;
                if status.state != SyncState::UpToDate || status.waiting > 0 {
                    lacks = format!("{} is {:?}, {} waiting", device.name, status.state, status.waiting);
                }
                let streams = device.syncer()?.metrics();
                if streams.streams <= streams.streams_broken && !self.network.net().line(*at).no_stream {
                    lacks = format!("{} does not hear from the server", device.name);
                }
                for Typed { note, token } in typed {
                    let shown = device.shown((*note).into())?;
                    if !shown.is_some_and(|shown| Tokens::of(&shown.fields).all.contains(token)) {
                        lacks = format!("{} does not have {}, {:?}", device.name, word(*token), status.state);
                    }
                }
            }
            if lacks.is_empty() {
                return Ok(());
            }
            self.wait(members, 1).await?;
        }
        Invariant::Liveness.broken(format!("left alone for {within_s} s, and {lacks}"))
    }

    /// Where nothing happens nobody asks without end.
    async fn is_quiet(&mut self, members: &[usize]) -> Checked {
        for at in members {
            self.network.net().line(*at).requests.clear();
        }
        self.wait(members, QUIET_S).await?;
        for at in members {
            let requests = std::mem::take(&mut self.network.net().line(*at).requests);
            if requests.len() > FEW_REQUESTS {
                let what = format!("{} asked {requests:?} in {QUIET_S} s of quiet", self.devices[*at].name);
                return Invariant::Storm.broken(what);
            }
        }
        Ok(())
    }
}
