//! Chaos: the programs as people have them, `holdfast` on several computers and a `holdfast-server`, each a process of
//! its own, with a wire between each computer and the server. By a plan that follows from a seed, people write and sync
//! while wires fail, disks are full, and processes are killed; the server comes back from a copy of its data. Then there
//! is peace, and a judgement. `cargo xtask chaos` runs it for long, `tests/chaos` one seed.
//!
//! The plan is the same for a seed. What comes of it is not quite: processes race as they do for people.

mod desk;
mod judge;
mod known;
mod machine;
mod plan;
mod report;

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

pub use plan::{Act, Kill, Op, Plan, Round, ServerAct, Sizes};
pub use report::{Report, Violation};

use crate::chaos::desk::Desk;
use crate::chaos::known::Known;
use crate::chaos::machine::Machine;

/// How often everybody syncs in peace before it must have settled. A server that was set back needs a few.
const PEACE_PASSES: usize = 12;

/// What a run was, and where its folders are.
pub struct Run {
    pub seed: u64,
    pub folder: PathBuf,
    pub report: Report,
    /// Nothing, or why not all is well.
    pub outcome: Result<(), Violation>,
}

/// Runs one seed. Its folders are made below `within`, and stay.
pub fn run(seed: u64, sizes: Sizes, within: &Path) -> Run {
    let folder = within.join(format!("seed-{seed}"));
    std::fs::create_dir_all(&folder).unwrap();
    let report = Mutex::new(Report { seeds: 1, ..Report::default() });
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| world(&Plan::new(seed, sizes), &folder, &report)));
    let outcome = outcome.unwrap_or_else(|_| {
        Err(Violation::new("works", "the run itself panicked, or a program did what it cannot read: see above"))
    });
    let report = report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Run { seed, folder, report, outcome }
}

fn world(plan: &Plan, folder: &Path, report: &Mutex<Report>) -> Result<(), Violation> {
    let machine = Mutex::new(Machine::start(folder, plan.seed, report)?);
    let known = Mutex::new(Known::new(plan.seed));
    let (port, link) = {
        let machine = machine.lock().unwrap();
        (machine.port, machine.link())
    };
    let mut desks = (0..plan.computers).map(|n| Desk::new(n, folder, port, &link, &known, report)).collect::<Vec<_>>();
    let outcome = live(plan, &mut desks, &machine, report);
    for desk in &desks {
        report.lock().unwrap().wires(desk.befell());
    }
    outcome?;
    // Nobody's help: what the server has is everything.
    let mut fresh = Desk::new(plan.computers, folder, port, &link, &known, report);
    fresh.join()?;
    desks.push(fresh);
    settle(&mut desks)?;
    judge::judge(&mut desks, &known.lock().unwrap(), report)?;
    judge::nothing_in_plain_sight(&machine.lock().unwrap())
}

/// All rounds, and then peace.
fn live(
    plan: &Plan,
    desks: &mut [Desk<'_>],
    machine: &Mutex<Machine<'_>>,
    report: &Mutex<Report>,
) -> Result<(), Violation> {
    desks[0].create_account()?;
    let late = plan.computers - 1;
    for desk in &mut desks[1..late] {
        desk.join()?;
    }
    for (n, round) in plan.rounds.iter().enumerate() {
        report.lock().unwrap().rounds += 1;
        // The last computer joins while all this goes on.
        let awake = if n < plan.joins { late } else { plan.computers };
        let outcomes: Vec<Result<(), Violation>> = thread::scope(|scope| {
            let server = scope.spawn(|| machine.lock().unwrap().act(&round.server));
            let people: Vec<_> = desks[..awake]
                .iter_mut()
                .zip(&round.computers)
                .map(|(desk, acts)| scope.spawn(move || desk.act(n, acts)))
                .collect();
            people.into_iter().chain([server]).map(|thread| thread.join().unwrap()).collect()
        });
        outcomes.into_iter().collect::<Result<(), Violation>>()?;
    }
    for desk in &mut *desks {
        desk.peace()?;
    }
    settle(desks)
}

/// Everybody syncs, until nobody had anything to send or to fetch for a whole pass.
fn settle(desks: &mut [Desk<'_>]) -> Result<(), Violation> {
    for _ in 0..PEACE_PASSES {
        let mut moved = 0;
        for desk in desks.iter_mut() {
            moved += desk.sync_in_peace()?;
        }
        if moved == 0 {
            return Ok(());
        }
    }
    Err(Violation::new("liveness", format!("in peace, {PEACE_PASSES} syncs of everybody did not settle it")))
}
