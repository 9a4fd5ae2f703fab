//! The simulator: the real engine, store and server handlers, over a network, clocks and disks that fail. A seed is a
//! run; `docs/testing-sync.md` says what is checked.

mod befall;
mod check;
mod device;
mod dice;
mod fault;
mod keychain;
mod lies;
mod people;
mod plan;
mod run;
mod template;
mod tokens;
mod wire;
mod world;

use clap::Parser;

#[derive(Parser)]
struct Args {
    #[arg(long, default_value = "0..20")]
    seeds: String,
    #[arg(long)]
    replay: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let template = template::Template::make()?;
    let started = std::time::Instant::now();
    if let Some(seed) = args.replay {
        let plan = plan::Plan::of(seed, &plan::Choice::default());
        let verdict = run::run(&template, &plan, true);
        for line in &verdict.trace {
            println!("{line}");
        }
        println!("{:?} {:?}", verdict.violation, verdict.met);
        return Ok(());
    }
    let (a, b) = args.seeds.split_once("..").unwrap();
    let (a, b): (u64, u64) = (a.parse()?, b.parse()?);
    for seed in a..b {
        let plan = plan::Plan::of(seed, &plan::Choice::default());
        let verdict = run::run(&template, &plan, false);
        println!("{seed} {} {:?}", verdict.hash, verdict.violation);
    }
    println!("{:?} {}", started.elapsed(), b - a);
    Ok(())
}
