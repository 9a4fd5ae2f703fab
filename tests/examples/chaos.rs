//! The program behind `cargo xtask chaos`: seed after seed, until the time is over or a promise is broken.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use holdfast_tests::chaos::{Report, Run, Sizes, run};

/// The real programs through broken wires, kills, full disks, and a server set back to a copy of its data.
#[derive(Parser)]
#[command(name = "cargo xtask chaos", bin_name = "cargo xtask chaos")]
struct Args {
    /// The first seed; a plan follows from it. By default one of this moment.
    #[arg(long)]
    seed: Option<u64>,
    /// How many rounds a seed has: in each everybody writes and syncs.
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// How many computers there are before the one that joins at the end.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=8))]
    devices: u8,
    /// Goes on with the next seeds for so long; by default it is one seed.
    #[arg(long)]
    minutes: Option<u64>,
    /// Where the folders are made; those of a seed that holds are taken away again.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Leaves the folders of seeds that hold too.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let first = args.seed.unwrap_or_else(now);
    let within = args.folder.unwrap_or_else(|| std::env::temp_dir().join(format!("holdfast-chaos-{}", now())));
    let sizes = Sizes { computers: args.devices.into(), rounds: args.rounds };
    let (started, time) = (Instant::now(), args.minutes.map(|minutes| Duration::from_secs(minutes * 60)));
    let mut all = Report::default();
    for seed in first.. {
        let begun = Instant::now();
        let Run { folder, report, outcome, .. } = run(seed, sizes, &within);
        all.add(&report);
        println!("seed {seed}, {:.0} s:\n{report}\n", begun.elapsed().as_secs_f64());
        if let Err(violation) = outcome {
            println!("VIOLATED {violation}");
            println!("the folders are in {}", folder.display());
            let (rounds, devices) = (args.rounds, args.devices);
            println!("again: cargo xtask chaos --seed {seed} --rounds {rounds} --devices {devices}");
            return ExitCode::FAILURE;
        }
        if !args.keep {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        if time.is_none_or(|time| started.elapsed() >= time) {
            break;
        }
    }
    if all.seeds > 1 {
        println!("{} seeds, {:.0} s:\n{all}\n", all.seeds, started.elapsed().as_secs_f64());
    }
    println!("nothing was violated");
    ExitCode::SUCCESS
}
