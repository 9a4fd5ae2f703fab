//! One seed, from the plan to the verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::fault::{Invariant, Violation};
use crate::latecomer::somebody_is_silent;
use crate::paper::Paper;
use crate::plan::Plan;
use crate::template::Template;
use crate::world::{Met, World};

/// How a seed ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The same whenever the plan is.
    pub hash: String,
    pub met: Met,
    pub violation: Option<Violation>,
    pub trace: Vec<String>,
}

impl Verdict {
    /// Of a seed that was given up.
    pub fn endless(after: Duration) -> Self {
        let what = format!("has not ended within {} s", after.as_secs());
        let violation = Some(Violation { invariant: Invariant::Liveness, what });
        Self { hash: String::new(), met: Met::default(), violation, trace: Vec::new() }
    }
}

/// Plays a plan, with its trace where that is asked for.
pub type Play<'a> = dyn Fn(&Plan, bool) -> Verdict + Sync + 'a;

/// Carries a plan out. A panic is a violation like others.
pub fn run(template: &Template, plan: &Plan, trace: bool) -> Verdict {
    guarded(|| carry_out(template, plan, trace))
}

/// As [`run`], on paper.
pub fn run_on_paper(plan: &Plan, trace: bool) -> Verdict {
    guarded(|| Paper::new(plan, trace).carry_out(plan))
}

fn guarded(carry_out: impl FnOnce() -> Verdict) -> Verdict {
    let ran = catch_unwind(AssertUnwindSafe(carry_out));
    ran.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default();
        let violation = Some(Violation { invariant: Invariant::Works, what: format!("a panic: {said}") });
        Verdict { hash: String::new(), met: Met::default(), violation, trace: Vec::new() }
    })
}

fn carry_out(template: &Template, plan: &Plan, trace: bool) -> Verdict {
    let mut world = match World::new(template, plan, trace) {
        Ok(world) => world,
        Err(violation) => {
            let met = Met::default();
            return Verdict { hash: String::new(), met, violation: Some(violation), trace: Vec::new() };
        }
    };
    let steps = plan.steps.iter().enumerate().try_for_each(|(number, step)| world.step(number, *step));
    let judged = steps.and_then(|()| world.make_peace()).and_then(|()| world.judge_all());
    let judged = judged.and_then(|()| world.the_past_is_lost(template));
    let judged =
        judged.and_then(|()| if somebody_is_silent(plan.seed) { world.somebody_comes_late(template) } else { Ok(()) });
    let judged = judged.and_then(|()| world.old_comes_back());
    let judged = judged.and_then(|()| world.nobody_else_gets_anything(template));
    let violation = judged.and_then(|()| world.overheard()).err();
    {
        let net = world.network.net();
        world.met.faults.extend(net.met.iter().copied());
        world.met.rebases = net.rebases;
        world.met.forks = net.forks;
        world.met.packs = net.packs.len() as u64;
        world.met.by_packs = net.by_packs;
        let cores = net.servers.iter().filter_map(|server| server.core.as_ref());
        for figures in cores.filter_map(|core| core.figures().ok()) {
            world.met.bodies_gone += figures.without_body;
            world.met.released += figures.released;
            world.met.kept += figures.kept;
        }
    }
    let trace = world.trace.take().unwrap_or_default();
    Verdict { hash: world.trace_hash(), met: world.met.clone(), violation, trace }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Choice;

    /// Removed text was clean beside a question: beside each that was tried, and in a line that only words made.
    #[test]
    fn seeds_on_paper_that_once_failed_hold() {
        for seed in [14143, 17819, 27939, 31745] {
            let verdict = run_on_paper(&Plan::on_paper(seed, &Choice::default()), false);
            assert!(verdict.violation.is_none(), "seed {seed}: {:?}", verdict.violation);
        }
    }

    /// What a program would do that was built with the simulator's features, by mistake.
    #[test]
    fn what_is_not_simulated_opens_nothing_in_this_build() {
        let dir = tempfile::tempdir().expect("a folder");
        let vault = dir.path().join("vault");
        let made = holdfast_notebook::Vault::create(&vault, "correct horse", "A", holdfast_notebook::Env::system());
        let said = made.map(drop).expect_err("a vault was made").to_string();
        assert!(said.contains("built together with the simulator"), "{said}");
        assert!(!vault.exists(), "something was written");
    }
}
