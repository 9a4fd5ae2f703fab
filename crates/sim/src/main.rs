//! The simulator: the real engine, store and server handlers, over a network, clocks and disks that fail. A seed is a
//! run; docs/testing-sync.md says what is checked.

mod alone;
mod befall;
mod busy;
mod check;
mod chosen;
mod device;
mod dice;
mod fault;
mod files;
mod habits;
mod honest;
mod joiner;
mod keychain;
mod late;
mod latecomer;
mod lies;
mod lists;
mod mutants;
mod net;
mod outsider;
mod paper;
mod people;
mod plan;
mod removals;
mod report;
mod run;
mod shrink;
mod squat;
mod story;
mod taking_back;
mod template;
mod thinking;
mod thinned;
mod tokens;
mod traced;
mod tripped;
mod values;
mod versions;
mod wire;
mod world;

use std::ops::Range;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::bail;
use clap::Parser;
use fault::Fault;
use plan::{Choice, Plan};
use run::Play;
use template::Templates;

/// SQLite's too: it takes and gives back a great deal.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A range of seeds, `A..B`.
#[derive(Clone, Debug)]
struct Seeds(Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.replace('_', "").parse::<u64>().map_err(|e| e.to_string());
        let (first, end) = text.split_once("..").ok_or("a range is A..B")?;
        Ok(Self(number(first)?..number(end)?))
    }
}

/// Many devices, a network and disks that fail, from a seed.
#[derive(Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Args {
    /// The seeds to run, A..B
    #[arg(long, default_value = "0..300")]
    seeds: Seeds,
    /// So many devices in each; by default 2 to 8, by the seed
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=8))]
    devices: Option<u8>,
    /// Only these faults, by name, with commas; `none` for none
    #[arg(long, value_delimiter = ',')]
    faults: Option<Vec<String>>,
    /// Without these, of revoke, older and newer: the seeds as they were before there were these
    #[arg(long, value_delimiter = ',', conflicts_with = "faults")]
    without: Vec<String>,
    /// People and merges alone, on one note: no vaults, no network, no disks, and hundreds of seeds a second
    #[arg(long, conflicts_with_all = ["faults", "mutants"])]
    paper: bool,
    /// Print what happens in this seed
    #[arg(long)]
    replay: Option<u64>,
    /// Look for a smaller plan that fails in the same way, and print it
    #[arg(long)]
    shrink: bool,
    /// Plant each deliberate bug, and say what caught it
    #[arg(long)]
    mutants: bool,
    /// Of these bugs, begin with this one
    #[arg(long, requires = "mutants")]
    from: Option<String>,
    /// Run each seed twice: both must be the same
    #[arg(long)]
    twice: bool,
    /// Print the hash of each seed's trace: two builds that print the same did the same
    #[arg(long)]
    hashes: bool,
    /// Stop at the first violation
    #[arg(long)]
    stop: bool,
    /// Worlds at the same time; by default one for each processor
    #[arg(long)]
    jobs: Option<usize>,
    /// Plants one deliberate bug; several with commas
    #[arg(long)]
    mutant: Option<String>,
    /// Seeds whose violation is known: they are run, and the run fails where one of them holds
    #[arg(long, value_delimiter = ',')]
    known: Vec<u64>,
    /// Seeds that are not run
    #[arg(long, value_delimiter = ',')]
    skip: Vec<u64>,
}

impl Args {
    fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
    }

    fn choice(&self) -> anyhow::Result<Choice> {
        let named = |names: &Vec<String>| -> anyhow::Result<Vec<Fault>> {
            let names = names.iter().filter(|name| *name != "none");
            names.map(|name| name.parse().map_err(|e: String| anyhow::anyhow!(e))).collect()
        };
        let faults = self.faults.as_ref().map(named).transpose()?;
        Ok(Choice { devices: self.devices.map(usize::from), faults, without: named(&self.without)? })
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    if args.mutants {
        return mutants::run(&args.seeds.0, args.from.as_deref(), args.jobs());
    }
    if let Some(mutant) = &args.mutant {
        if !mutants::is_known(mutant) {
            bail!("there is no mutant {mutant}; --mutants runs all of them");
        }
        holdfast_mutants::plant(mutant);
    }
    // A panic is a violation, with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let choice = args.choice()?;
    if args.paper {
        return Ok(simulate(&args, |seed| Plan::on_paper(seed, &choice), &run::run_on_paper));
    }
    let templates = Templates::make()?;
    Ok(simulate(&args, |seed| Plan::of(seed, &choice), &|plan, trace| run::run(templates.of(plan.seed), plan, trace)))
}

/// Runs what is asked for; the exit code says whether all is as it should be.
fn simulate(args: &Args, plan: impl Fn(u64) -> Plan + Sync, play: &Play<'_>) -> ExitCode {
    if let Some(seed) = args.replay {
        return replay(play, &plan(seed), args.shrink);
    }
    let run = report::Run {
        seeds: args.seeds.0.clone(),
        twice: args.twice,
        stop: args.stop || args.shrink,
        jobs: args.jobs(),
        skip: args.skip.iter().copied().collect(),
    };
    let report = run.all(&plan, play);
    report.print();
    if args.hashes {
        report.print_hashes();
    }
    if let Some((seed, _)) = report.violations.first_key_value().filter(|_| args.shrink) {
        return replay(play, &plan(*seed), true);
    }
    if as_known(&report, args) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// True where only the known seeds fail, and all of them do: a list that is longer than the truth hides something.
fn as_known(report: &report::Report, args: &Args) -> bool {
    let unknown = report.violations.keys().filter(|seed| !args.known.contains(seed)).count();
    let run = args.known.iter().filter(|seed| args.seeds.0.contains(seed));
    let mended: Vec<&u64> = run.filter(|seed| !report.violations.contains_key(seed)).collect();
    for seed in &mended {
        println!("seed {seed} holds, and is on the list of those that do not");
    }
    if !args.known.is_empty() {
        println!("{unknown} of the violations are not known");
    }
    unknown == 0 && mended.is_empty()
}

fn replay(play: &Play<'_>, plan: &Plan, shrink: bool) -> ExitCode {
    // `RUST_LOG` shows what the programs themselves say, each step's before its line.
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().without_time().with_env_filter(filter).with_writer(std::io::stderr).init();
    let verdict = play(plan, true);
    let Some(violation) = &verdict.violation else {
        verdict.trace.iter().for_each(|line| println!("{line}"));
        println!("seed {}: {}, all holds", plan.seed, verdict.hash);
        return ExitCode::SUCCESS;
    };
    let (plan, verdict) = if shrink {
        let small = shrink::shrink(play, plan, violation.invariant);
        println!("{} of {} steps, {} devices", small.steps.len(), plan.steps.len(), small.devices);
        let verdict = play(&small, true);
        (small, verdict)
    } else {
        (plan.clone(), verdict)
    };
    verdict.trace.iter().for_each(|line| println!("{line}"));
    let faults: Vec<&str> = plan.faults.iter().map(|f| f.name()).collect();
    println!("seed {}: {}, faults {}", plan.seed, verdict.hash, faults.join(", "));
    if let Some(violation) = verdict.violation {
        println!("{violation}");
    }
    ExitCode::FAILURE
}
