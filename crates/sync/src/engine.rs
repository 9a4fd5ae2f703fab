//! The state machine.

use crate::backoff::MAX_RETRY_AFTER_MS;
use crate::burst::{Changes, PokeGap};
use crate::watchdog::Watchdog;
use crate::{Backoff, Circuit, Cycle, Facts, Position, Step, plan};

/// While this device or another was active lately, ask this often.
pub const POLL_ACTIVE_MS: u64 = 15_000;
/// Otherwise the interval doubles up to this.
pub const POLL_IDLE_MS: u64 = 5 * 60 * 1_000;
/// While the server tells of news by itself: only in case it does not.
pub const POLL_LIVE_MS: u64 = 15 * 60 * 1_000;
/// The server's stream ended: it is asked within this, not by all computers at once, whether it is still there.
const CUT_SPREAD_MS: u64 = 1_000;
/// A network that comes and goes starts at most one try in this time.
const NETWORK_GAP_MS: u64 = 1_000;
/// While changes are held back, so many of them are worth a request of their own.
const HOLD_AT_MOST: u32 = 512;

/// Why a step failed, by what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This computer has no network: try when it comes back, and now and then.
    Offline,
    /// The server does not answer, or with a failure of its own; or somebody on the way answers in its place.
    Unreachable,
    /// The server asked to wait. Nothing but a person makes it sooner.
    Busy { retry_after_ms: u64 },
    /// The session ended: nothing more until a person signs in.
    SignIn,
    /// A hostile server, or a bug: no automatic retry until something changes.
    Stop,
}

impl Failure {
    /// Whether it ends by itself, so that trying again makes sense.
    pub fn passes(self) -> bool {
        !matches!(self, Self::SignIn | Self::Stop)
    }
}

/// What a step that worked reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// The server confirmed that this device has everything in the log.
    pub caught_up: bool,
    /// Something came from or went to the server.
    pub moved: bool,
    /// A blob that the server does not have yet.
    pub blob_skipped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// At once, if nothing speaks against it: a program started, the window came to the front.
    Wake,
    /// At once: a person asked. Only a pause and a missing session speak against it.
    SyncNow,
    /// A network appeared, or the computer woke from sleep: what failed before may work now.
    NetworkUp,
    /// Something was committed here.
    LocalChange,
    /// The server's log stands there now.
    Poke(Position),
    /// The server's stream of pokes began (true) or ended.
    Live(bool),
    /// The time asked for in `Effect::WaitUntil` came.
    Tick,
    StepDone(StepReport),
    StepFailed(Failure),
    Pause(bool),
    SignedIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Do this and report `StepDone` or `StepFailed`.
    Run(Step),
    /// Nothing to do until then, milliseconds since 1970, or until another event.
    WaitUntil(u64),
    /// Nothing to do until another event: also while a step is under way.
    Wait,
}

/// The engine of one account on one device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine {
    /// The step that is under way.
    running: Option<Step>,
    cycle: Cycle,
    /// The cycle has moved something.
    moved: bool,
    /// The cycle has pushed.
    pushed: bool,
    /// A step of the cycle changed nothing although there is more to do: asking once more would be a loop.
    idles: bool,
    /// The cycle was begun by a poke.
    by_poke: bool,
    /// A wake that came while a step ran: the cycle is gone through again.
    again: bool,
    /// The furthest that a poke named since the cycle began, or since the last one ended.
    poked: Option<Position>,
    paused: bool,
    live: bool,
    failure: Option<Failure>,
    backoff: Backoff,
    /// When to try again after a failure, and until when the server asked to be left alone.
    retry_ms: Option<u64>,
    not_before_ms: Option<u64>,
    poll_ms: Option<u64>,
    poll_every_ms: u64,
    changes: Changes,
    gap: PokeGap,
    /// When the last cycle began, and when the last one that did not fail ended.
    began_ms: Option<u64>,
    ended_ms: Option<u64>,
    /// When the log was last known to its end.
    read_ms: Option<u64>,
    /// A poke made the pull under way, between two parts of a file.
    poked_between: bool,
    watchdog: Watchdog,
    confirmed: bool,
    /// The time of the last event: a clock that is set back takes all appointments with it.
    clock_ms: u64,
}

impl Engine {
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// True from the end of a complete cycle until one fails, or the server tells of something new.
    pub fn was_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Whether the server tells of news by itself.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Blobs that the server did not have in this cycle: the next one to fetch comes after them.
    pub fn blobs_skipped(&self) -> u32 {
        self.cycle.blobs_down_skipped
    }

    /// What the last cycle ended on, while it is still so.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Whether requests flow.
    pub fn circuit(&self) -> Circuit {
        if self.running.is_some() && self.cycle.probe { Circuit::HalfOpen } else { self.backoff.circuit() }
    }

    /// Since when something waits and nothing has moved, where that is too long and no failure explains it.
    pub fn stuck_since(&self, now_ms: u64) -> Option<u64> {
        if self.failure.is_some() || self.paused { None } else { self.watchdog.stuck_since(now_ms) }
    }

    /// When it will try by itself, milliseconds since 1970.
    pub fn next_try_ms(&self) -> Option<u64> {
        if self.running.is_some() || self.paused {
            return None;
        }
        match self.failure {
            Some(failure) if failure.passes() => self.retry_ms,
            Some(_) => None,
            None => self.poll_ms.into_iter().chain(self.changes.due_ms()).min(),
        }
    }

    /// Takes an event and says what to do. `jitter` is uniformly random.
    pub fn handle(&mut self, event: Event, facts: &Facts, now_ms: u64, jitter: u64) -> Effect {
        self.keep_time(now_ms);
        self.watchdog.look(facts, self.running, now_ms);
        if !facts.to_send() {
            self.changes.forget();
        }
        match event {
            Event::StepDone(report) => self.done(report, facts, now_ms),
            Event::StepFailed(failure) => self.failed(failure, facts, now_ms, jitter),
            Event::Pause(paused) => {
                self.paused = paused;
                if paused { self.rest(facts, now_ms) } else { self.start(facts, now_ms) }
            }
            Event::SignedIn => {
                self.forgive();
                self.start(facts, now_ms)
            }
            Event::SyncNow => {
                self.poll_every_ms = POLL_ACTIVE_MS;
                self.start(facts, now_ms)
            }
            Event::Wake => {
                self.poll_every_ms = POLL_ACTIVE_MS;
                let blocked = self.asked_to_wait(now_ms) || self.backoff.circuit() == Circuit::Open;
                if blocked { self.rest(facts, now_ms) } else { self.start(facts, now_ms) }
            }
            Event::NetworkUp => self.network_up(facts, now_ms),
            Event::LocalChange => self.local_change(facts, now_ms),
            Event::Poke(position) => self.poke(position, facts, now_ms),
            Event::Live(live) => self.set_live(live, facts, now_ms, jitter),
            Event::Tick => self.tick(facts, now_ms),
        }
    }

    /// A clock that went back would make every appointment as late as it went back.
    fn keep_time(&mut self, now_ms: u64) {
        let by_ms = self.clock_ms.saturating_sub(now_ms);
        self.clock_ms = now_ms;
        if by_ms == 0 {
            return;
        }
        let times = [
            &mut self.retry_ms,
            &mut self.not_before_ms,
            &mut self.poll_ms,
            &mut self.began_ms,
            &mut self.ended_ms,
            &mut self.read_ms,
        ];
        for time in times {
            *time = time.map(|at| at.saturating_sub(by_ms));
        }
        self.changes.shift_back(by_ms);
        self.gap.shift_back(by_ms);
        self.watchdog.shift_back(by_ms);
    }

    fn forgive(&mut self) {
        self.failure = None;
        self.backoff.reset();
        (self.retry_ms, self.not_before_ms) = (None, None);
    }

    fn asked_to_wait(&self, now_ms: u64) -> bool {
        self.not_before_ms.is_some_and(|at| at > now_ms)
    }

    /// Nothing can be asked of a server at all.
    fn idle_by_nature(&self, facts: &Facts) -> bool {
        self.paused && !crate::planted("paused-goes-on") || !facts.has_server || !facts.signed_in
    }

    fn network_up(&mut self, facts: &Facts, now_ms: u64) -> Effect {
        self.watchdog.begin_anew(now_ms);
        self.poll_every_ms = POLL_ACTIVE_MS;
        if self.asked_to_wait(now_ms) {
            return self.rest(facts, now_ms);
        }
        if self.failure == Some(Failure::Offline) {
            self.backoff.reset();
        }
        // A network that flaps asks once a second at most.
        let soonest = self.began_ms.map_or(0, |began| began + NETWORK_GAP_MS);
        if soonest <= now_ms {
            return self.start(facts, now_ms);
        }
        let slot = if self.failure.is_some() { &mut self.retry_ms } else { &mut self.poll_ms };
        *slot = Some(slot.map_or(soonest, |at| at.min(soonest)));
        // What stops for good is tried again on another network too.
        if self.failure == Some(Failure::Stop) {
            self.failure = Some(Failure::Unreachable);
        }
        self.rest(facts, now_ms)
    }

    fn local_change(&mut self, facts: &Facts, now_ms: u64) -> Effect {
        if facts.to_send() {
            self.poll_every_ms = POLL_ACTIVE_MS;
            if !crate::planted("changes-unheard") {
                self.changes.one_more(now_ms);
            }
        }
        // The session is there again, whoever brought it.
        if self.failure == Some(Failure::SignIn) && facts.signed_in {
            self.forgive();
            return self.start(facts, now_ms);
        }
        self.rest(facts, now_ms)
    }

    fn poke(&mut self, position: Position, facts: &Facts, now_ms: u64) -> Effect {
        let further = self.poked.is_none_or(|known| position.is_news_to(&known));
        if further && position.is_news_to(&facts.read) && !crate::planted("pokes-unheard") {
            self.poked = Some(position);
            self.confirmed = false;
        }
        self.tick(facts, now_ms)
    }

    fn set_live(&mut self, live: bool, facts: &Facts, now_ms: u64, jitter: u64) -> Effect {
        let was_live = std::mem::replace(&mut self.live, live);
        if self.running.is_some() {
            return Effect::Wait;
        }
        if live {
            // The server answers: what was unreachable is worth a try.
            if matches!(self.failure, Some(Failure::Offline | Failure::Unreachable)) {
                return self.start(facts, now_ms);
            }
            self.poll_ms = self.poll_ms.map(|_| now_ms + POLL_LIVE_MS);
        } else {
            self.poll_every_ms = POLL_ACTIVE_MS;
            // A server that ended takes its stream with it: what it confirmed is not said for much longer without asking.
            let soon_ms = if was_live { jitter % CUT_SPREAD_MS } else { POLL_ACTIVE_MS };
            self.poll_ms = self.poll_ms.map(|at| at.min(now_ms + soon_ms));
        }
        self.rest(facts, now_ms)
    }

    fn tick(&mut self, facts: &Facts, now_ms: u64) -> Effect {
        match self.next_ms(facts, now_ms) {
            Some(at) if at <= now_ms => self.start(facts, now_ms),
            _ => self.rest(facts, now_ms),
        }
    }

    /// When something is due, the earliest first. While a failure passes, nothing else is.
    fn next_ms(&self, facts: &Facts, now_ms: u64) -> Option<u64> {
        if self.running.is_some() || self.idle_by_nature(facts) {
            return None;
        }
        match self.failure {
            Some(failure) if failure.passes() => return Some(self.retry_ms.unwrap_or(now_ms)),
            Some(_) => return None,
            None => {}
        }
        let change = self.changes.due_ms().filter(|_| facts.to_send());
        let poke = self.poked.filter(|p| p.is_news_to(&facts.read)).map(|_| self.gap.due_ms(now_ms));
        let stuck = self.watchdog.due_ms().filter(|at| *at > now_ms);
        // What nobody told of, or what the last cycle could not move, is tried as often as polls are.
        let left = self.ended_ms.filter(|_| change.is_none() && facts.to_send()).map(|ended| ended + POLL_ACTIVE_MS);
        // Without an appointment there was no cycle yet.
        let poll = Some(self.poll_ms.unwrap_or(now_ms));
        [change, poke, stuck, left, poll].into_iter().flatten().min()
    }

    /// Begins a cycle, or notes that the one under way is to be gone through again.
    fn start(&mut self, facts: &Facts, now_ms: u64) -> Effect {
        if self.running.is_some() {
            self.again = true;
            return Effect::Wait;
        }
        if self.idle_by_nature(facts) {
            return Effect::Wait;
        }
        let poked = self.poked.take().is_some_and(|p| p.is_news_to(&facts.read));
        if poked {
            self.gap.began(now_ms);
        }
        self.changes.go(now_ms);
        (self.by_poke, self.moved, self.pushed, self.idles, self.again) = (poked, false, false, false, false);
        (self.retry_ms, self.not_before_ms, self.poll_ms) = (None, None, None);
        self.began_ms = Some(now_ms);
        self.cycle = Cycle { probe: self.backoff.circuit() == Circuit::Open, ..Cycle::default() };
        self.go_on(facts, now_ms)
    }

    /// The next step of the cycle, or its end.
    fn go_on(&mut self, facts: &Facts, now_ms: u64) -> Effect {
        let due = self.changes.due_ms().is_some_and(|at| at <= now_ms);
        if due {
            self.changes.go(now_ms);
        }
        let comes_more = self.changes.due_ms().is_some() && facts.free() < HOLD_AT_MOST;
        self.cycle.hold_push = self.pushed && comes_more;
        let mut next = plan(facts, &self.cycle).filter(|_| !self.idles);
        if next.is_some_and(Step::is_of_file) {
            // The rest of a file may take hours: what somebody asks for, or the server tells of, does not wait so long.
            if self.again {
                return self.start(facts, now_ms);
            }
            if self.is_log_due(facts, now_ms) {
                self.cycle.caught_up = false;
                next = plan(facts, &self.cycle);
            }
        }
        match next {
            Some(step) => {
                self.running = Some(step);
                self.watchdog.look(facts, self.running, now_ms);
                Effect::Run(step)
            }
            None => self.complete(facts, now_ms),
        }
    }

    /// Between two parts of a file: whether the log is looked at now, as it would be if nothing else were to be done.
    fn is_log_due(&mut self, facts: &Facts, now_ms: u64) -> bool {
        let news = self.poked.is_some_and(|p| p.is_news_to(&facts.read));
        if news && self.gap.due_ms(now_ms) <= now_ms {
            self.poked = None;
            self.gap.began(now_ms);
            self.poked_between = true;
            return true;
        }
        let every_ms = if self.live { POLL_LIVE_MS } else { POLL_ACTIVE_MS };
        self.read_ms.is_none_or(|at| at + every_ms <= now_ms)
    }

    fn done(&mut self, report: StepReport, facts: &Facts, now_ms: u64) -> Effect {
        let Some(step) = self.running.take() else { return self.rest(facts, now_ms) };
        self.forgive();
        self.cycle.probe = false;
        match step {
            // Only the last word counts: what others pushed beside this device's own is still to come.
            Step::Push | Step::Pull => {
                self.cycle.caught_up = report.caught_up;
                if report.caught_up {
                    self.read_ms = Some(now_ms);
                } else {
                    // There is more than what was up to date.
                    self.confirmed = false;
                }
                if std::mem::take(&mut self.poked_between) {
                    self.gap.brought(report.moved);
                }
            }
            Step::UploadBlob | Step::FetchBlob => {}
        }
        self.idles = !report.moved
            && match step {
                Step::Push => facts.batch_pending || facts.free() > 0,
                Step::UploadBlob => facts.blobs_up > 0,
                Step::Pull => !report.caught_up,
                Step::FetchBlob => !report.blob_skipped && facts.blobs_down > self.cycle.blobs_down_skipped,
            };
        self.cycle.blobs_down_skipped += u32::from(report.blob_skipped);
        self.pushed |= matches!(step, Step::Push | Step::UploadBlob);
        if report.moved {
            self.moved = true;
            self.poll_every_ms = POLL_ACTIVE_MS;
            self.watchdog.begin_anew(now_ms);
        }
        if self.idle_by_nature(facts) {
            return Effect::Wait;
        }
        self.go_on(facts, now_ms)
    }

    fn complete(&mut self, facts: &Facts, now_ms: u64) -> Effect {
        self.confirmed = self.cycle.caught_up && !facts.to_send();
        if self.by_poke {
            self.gap.brought(self.moved);
        }
        if std::mem::take(&mut self.again) && !self.idles {
            return self.start(facts, now_ms);
        }
        self.ended_ms = Some(now_ms);
        let every = self.poll_every_ms.max(POLL_ACTIVE_MS);
        let every = if crate::planted("polls-always") { 1_000 } else { every };
        let live = self.live && !crate::planted("polls-always");
        let never = crate::planted("polls-never");
        self.poll_ms = Some(now_ms + if live || never { POLL_LIVE_MS } else { every });
        self.poll_every_ms = (every * 2).min(POLL_IDLE_MS);
        if self.poked.is_some_and(|p| p.is_news_to(&facts.read)) {
            self.confirmed = false;
        } else {
            self.poked = None;
        }
        // What came while the last step ran and was held back has its time already.
        self.tick(facts, now_ms)
    }

    fn failed(&mut self, failure: Failure, facts: &Facts, now_ms: u64, jitter: u64) -> Effect {
        self.running = None;
        self.poked_between = false;
        let again = std::mem::take(&mut self.again);
        self.failure = Some(failure);
        self.confirmed = false;
        (self.retry_ms, self.not_before_ms) = (None, None);
        match failure {
            Failure::SignIn | Failure::Stop => {}
            Failure::Offline | Failure::Unreachable if crate::planted("tried-once") => {
                self.retry_ms = Some(now_ms + 1_000 * MAX_RETRY_AFTER_MS)
            }
            Failure::Offline | Failure::Unreachable if crate::planted("tried-each-second") => {
                self.retry_ms = Some(now_ms + 1_000);
            }
            Failure::Busy { .. } if crate::planted("busy-unheeded") => {
                self.retry_ms = Some(now_ms + self.backoff.fail(jitter));
            }
            Failure::Offline | Failure::Unreachable => self.retry_ms = Some(now_ms + self.backoff.fail(jitter)),
            Failure::Busy { retry_after_ms } => {
                let asked = now_ms + retry_after_ms.min(MAX_RETRY_AFTER_MS);
                self.not_before_ms = Some(asked);
                self.retry_ms = Some(asked.max(now_ms + self.backoff.fail(jitter)));
            }
        }
        // What failed was begun before there was a network, or before somebody asked.
        if again && matches!(failure, Failure::Offline | Failure::Unreachable) {
            let soon = now_ms + NETWORK_GAP_MS;
            self.retry_ms = self.retry_ms.map(|at| at.min(soon));
        }
        self.rest(facts, now_ms)
    }

    /// Says until when there is nothing to do.
    fn rest(&self, facts: &Facts, now_ms: u64) -> Effect {
        self.next_ms(facts, now_ms).map_or(Effect::Wait, |at| Effect::WaitUntil(at.max(now_ms)))
    }
}
