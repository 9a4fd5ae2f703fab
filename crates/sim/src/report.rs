//! Many seeds, on all processors, and what they met.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::fault::{Fault, Invariant, Violation};
use crate::plan::Plan;
use crate::run::{Play, Verdict};
use crate::world::Met;

/// How many violations are listed.
const LISTED: usize = 40;

/// A seed takes less than a second; one that takes so long does not end. Counted in looks: who stops all of it for a while
/// stops those too.
const ENDLESS: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u128 = ENDLESS.as_millis() / LOOK.as_millis();

pub struct Run {
    pub seeds: Range<u64>,
    pub twice: bool,
    pub stop: bool,
    pub jobs: usize,
    /// Left out.
    pub skip: BTreeSet<u64>,
}

#[derive(Default)]
pub struct Report {
    seeds: u64,
    took: Duration,
    operations: Vec<u64>,
    totals: Met,
    /// Seeds in which something was packed, something was read from packs, and bodies went.
    packed: [u64; 3],
    /// Seeds in which the bytes of a file went from a server.
    released: u64,
    thinned: u64,
    faults: BTreeMap<Fault, u64>,
    /// Of the traces, by seed.
    hashes: BTreeMap<u64, String>,
    /// By seed.
    pub violations: BTreeMap<u64, Violation>,
}

impl Run {
    /// Runs all of them. The report is the same however many run at a time.
    pub fn all(&self, plan: impl Fn(u64) -> Plan + Sync, play: &Play<'_>) -> Report {
        let (next, stopped) = (AtomicU64::new(self.seeds.start), AtomicBool::new(false));
        let report = Mutex::new(Report::default());
        let running = Mutex::new(BTreeMap::<u64, u128>::new());
        let running = || running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let started = Instant::now();
        let work = || {
            while !stopped.load(Ordering::SeqCst) {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= self.seeds.end {
                    break;
                }
                if self.skip.contains(&seed) {
                    continue;
                }
                running().insert(seed, 0);
                let plan = plan(seed);
                let mut verdict = play(&plan, false);
                if self.twice && verdict.violation.is_none() {
                    let again = play(&plan, false);
                    if again.hash != verdict.hash {
                        let what = format!("run twice, it is {} and {}", verdict.hash, again.hash);
                        verdict.violation = Some(Violation { invariant: Invariant::Works, what });
                    }
                }
                running().remove(&seed);
                let failed = verdict.violation.is_some();
                report.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(seed, verdict);
                if failed && self.stop {
                    stopped.store(true, Ordering::SeqCst);
                }
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(work)).collect();
            // A bug may be one that never ends, and a thread cannot be stopped: what was found until then is told.
            while workers.iter().any(|worker| !worker.is_finished()) {
                std::thread::sleep(LOOK);
                let endless = running().iter_mut().find_map(|(seed, looks)| {
                    *looks += 1;
                    (*looks > LOOKS).then_some(*seed)
                });
                let Some(seed) = endless else { continue };
                let mut report = report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                report.add(seed, Verdict::endless(ENDLESS));
                report.took = started.elapsed();
                report.print();
                std::process::exit(1);
            }
        });
        let mut report = report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        report.took = started.elapsed();
        report
    }
}

impl Report {
    fn add(&mut self, seed: u64, verdict: Verdict) {
        let met = &verdict.met;
        self.seeds += 1;
        self.operations.push(met.operations);
        self.hashes.insert(seed, verdict.hash);
        // A long run tells at once: whoever stops it knows what it has found.
        if let Some(violation) = &verdict.violation {
            let first = violation.what.lines().next().unwrap_or_default();
            eprintln!("after {} seeds: seed {seed}: {}: {first}", self.seeds, violation.invariant.name());
        } else if self.seeds.is_multiple_of(1_000) {
            eprintln!("after {} seeds: {} violations", self.seeds, self.violations.len());
        }
        for fault in &met.faults {
            *self.faults.entry(*fault).or_default() += 1;
        }
        let totals = &mut self.totals;
        totals.conflicts += met.conflicts;
        totals.reviews += met.reviews;
        totals.receipts += met.receipts;
        totals.crashes += met.crashes;
        totals.rebases += met.rebases;
        totals.forks += met.forks;
        totals.packs += met.packs;
        totals.by_packs += met.by_packs;
        totals.bodies_gone += met.bodies_gone;
        totals.released += met.released;
        totals.kept += met.kept;
        totals.thinned += met.thinned;
        totals.taken_over += met.taken_over;
        self.thinned += u64::from(met.thinned > 0);
        self.released += u64::from(met.released > 0);
        for (seeds, count) in self.packed.iter_mut().zip([met.packs, met.by_packs, met.bodies_gone]) {
            *seeds += u64::from(count > 0);
        }
        totals.put_back_gone += met.put_back_gone;
        totals.back_by_parts += met.back_by_parts;
        totals.gone_by_sides += met.gone_by_sides;
        totals.alike_gone += met.alike_gone;
        if let Some(violation) = verdict.violation {
            self.violations.insert(seed, violation);
        }
    }

    pub fn print_hashes(&self) {
        for (seed, hash) in &self.hashes {
            let held = self.violations.get(seed).map_or("holds", |v| v.invariant.name());
            println!("hash {seed} {hash} {held}");
        }
    }

    pub fn print(&self) {
        let seconds = self.took.as_secs_f64();
        let mut operations = self.operations.clone();
        operations.sort_unstable();
        let median = operations.get(operations.len() / 2).copied().unwrap_or_default();
        println!("{} seeds in {seconds:.0} s, {:.1} a second", self.seeds, self.seeds as f64 / seconds);
        println!("{} operations, {median} at the median", operations.iter().sum::<u64>());
        let t = &self.totals;
        println!(
            "{} conflicts, {} reviews, {} automatic merges, {} crashes, {} rebases, {} forks",
            t.conflicts, t.reviews, t.receipts, t.crashes, t.rebases, t.forks
        );
        let [packed, read, gone] = self.packed.map(|seeds| seeds as f64 * 100.0 / self.seeds.max(1) as f64);
        println!(
            "{} packs in {packed:.0} % of the seeds, {} entries read from them in {read:.0} %, {} bodies gone in {gone:.0} %",
            t.packs, t.by_packs, t.bodies_gone
        );
        let seeds = self.released as f64 * 100.0 / self.seeds.max(1) as f64;
        let thinned = self.thinned as f64 * 100.0 / self.seeds.max(1) as f64;
        println!("{} versions were thinned at the end, in {thinned:.0} % of the seeds", t.thinned);
        println!("{} releases of files came true in {seeds:.0} % of the seeds, {} were taken back", t.released, t.kept);
        println!("{} changes that were sent late were taken over", t.taken_over);
        println!(
            "weak promises (0015): {} put back and gone, {} gone side by side, {} written alike and gone, {} back by parts",
            t.put_back_gone, t.gone_by_sides, t.alike_gone, t.back_by_parts
        );
        for fault in Fault::ALL.into_iter().filter(|_| !self.faults.is_empty()) {
            let seeds = self.faults.get(&fault).copied().unwrap_or_default();
            let share = seeds as f64 * 100.0 / self.seeds.max(1) as f64;
            println!("  {:<17} in {share:>5.1} % of the seeds", fault.name());
        }
        for (seed, violation) in self.violations.iter().take(LISTED) {
            let first = violation.what.lines().next().unwrap_or_default();
            println!("seed {seed}: {}: {first}", violation.invariant.name());
        }
        let mut by_invariant: BTreeMap<Invariant, u64> = BTreeMap::new();
        for violation in self.violations.values() {
            *by_invariant.entry(violation.invariant).or_default() += 1;
        }
        for (invariant, count) in by_invariant {
            println!("  {count} of {}", invariant.name());
        }
        println!("{} violations", self.violations.len());
    }
}
