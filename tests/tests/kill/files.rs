//! A large file over a network that breaks again and again, programs that are killed in the middle of it, and ones that
//! have little memory for it.

use std::fs;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};
use std::time::Duration;

use holdfast_testkit::TestRng;
use holdfast_tests::kill::{kill, reached};
#[cfg(target_os = "linux")]
use holdfast_tests::programs::{Computer, Done, run};
use holdfast_tests::wire::{Fault, Way};
use serde_json::Value;

use crate::seeded;
use crate::syncs::World;

const MB: u64 = 1_000_000;

/// A note with a file of so many bytes on the first computer; answers with the note's id and what is in the file.
fn attach(world: &World, rng: &mut TestRng, bytes: u64) -> (String, Vec<u8>) {
    let desk = &world.computers[0];
    let note = desk.add("Film", "text");
    desk.sync();
    let mut content = Vec::with_capacity(bytes as usize + 8);
    while (content.len() as u64) < bytes {
        content.extend(rng.next_u64().to_le_bytes());
    }
    let file = desk.root().join("home/film.bin");
    fs::write(&file, &content).unwrap();
    desk.ok(["attachment", "add", &note, file.to_str().unwrap()]);
    (note, content)
}

fn files(world: &World, at: usize) -> Value {
    world.computers[at].ok(["status"])["attachments"].clone()
}

#[test]
fn a_file_of_20_mb_goes_over_a_network_that_breaks_every_5_mb() {
    let mut rng = seeded("files");
    let world = World::new();
    let [desk, laptop] = &world.computers;
    let (note, content) = attach(&world, &mut rng, 20 * MB);
    laptop.sync();

    world.wire.set(Fault::CutEvery(5 * MB));
    let mut syncs = 0;
    loop {
        syncs += 1;
        assert!(syncs < 20, "it does not get through: {}", files(&world, 0));
        let before = files(&world, 0)["sending"]["bytes"].as_u64().unwrap();
        let done = desk.run(["sync"]);
        if done.code == Some(0) {
            break;
        }
        assert_eq!(done.code, Some(75), "{done:?}");
        let after = files(&world, 0)["sending"]["bytes"].as_u64().unwrap();
        assert!(after >= before, "what was acknowledged stays so");
        assert!(laptop.ok(["attachment", "list", &note]).as_array().is_none_or(Vec::is_empty), "half of it is named");
    }
    let (up, _) = world.wire.passed();
    let breaks = world.wire.befell().cut;
    println!("20 MB up: {up} bytes, {breaks} breaks, {syncs} syncs: {:.2} times its size", up as f64 / 20e6);
    assert!(breaks >= 3, "the network broke {breaks} times only");
    assert!(up <= 26 * MB, "{up} bytes went up for 20 MB");

    world.wire.release();
    laptop.sync();
    let listed = laptop.ok(["attachment", "list", &note]);
    assert_eq!((&listed[0]["here"], &listed[0]["here_bytes"]), (&false.into(), &0.into()), "{listed}");
    assert_eq!(files(&world, 1)["not_here"]["files"], 1);
    world.wire.set(Fault::CutEvery(5 * MB));
    let to = laptop.root().join("home/copy.bin");
    let get = ["attachment", "get", &note, "film.bin", to.to_str().unwrap()];
    let mut gets = 0;
    while laptop.run(get).code != Some(0) {
        gets += 1;
        assert!(gets < 20, "it does not come: {}", files(&world, 1));
    }
    let (_, down) = world.wire.passed();
    let breaks = world.wire.befell().cut - breaks;
    println!("20 MB down: {down} bytes, {breaks} breaks, {} tries", gets + 1);
    assert!(breaks >= 3 && down <= 26 * MB, "{down} bytes came down for 20 MB, {breaks} breaks");
    assert!(fs::read(&to).unwrap() == content, "it is another file");
    assert_eq!(files(&world, 1)["not_here"]["files"], 0);
}

/// Killed at a random byte, on either side: one chunk is sent, or comes, once more at most.
#[test]
fn a_kill_in_the_middle_of_a_file_costs_a_chunk_at_most() {
    const FILE: u64 = 13 * MB;
    const CHUNK: u64 = 4 * 1024 * 1024;
    let mut rng = seeded("files killed");
    let world = World::new();
    let [desk, laptop] = &world.computers;
    for round in 0..3 {
        let (note, content) = attach(&world, &mut rng, FILE);
        world.wire.stop_after(Way::Up, rng.below(FILE as usize) as u64);
        let mut child = desk.command(["sync"]).spawn().unwrap();
        assert!(reached(&mut child, || world.wire.stopped(), Duration::ZERO), "it was over before");
        kill(child);
        let left = files(&world, 0)["sending"].clone();
        let left = left["of_bytes"].as_u64().unwrap() - left["bytes"].as_u64().unwrap();
        world.wire.release();
        // As the computer counts: on the wire there is still what the killed one had sent.
        let up = desk.sync()["bytes_up"].as_u64().unwrap();
        assert!(up <= left + 200_000, "round {round}: {left} bytes were left, and {up} went");

        laptop.sync();
        let to = laptop.root().join("home/copy.bin");
        let get = ["attachment", "get", &note, "film.bin", to.to_str().unwrap()];
        world.wire.stop_after(Way::Down, 100_000 + rng.below(FILE as usize - 200_000) as u64);
        let mut child = laptop.command(get).spawn().unwrap();
        assert!(reached(&mut child, || world.wire.stopped(), Duration::ZERO), "it was over before");
        kill(child);
        assert!(!to.exists(), "half of it was written");
        let here = laptop.ok(["attachment", "list", &note])[0]["here_bytes"].as_u64().unwrap();
        world.wire.release();
        world.wire.stop_after(Way::Down, u64::MAX);
        laptop.ok(get);
        let (_, down) = world.wire.passed();
        assert!(down <= content.len() as u64 - here + 200_000, "round {round}: {here} were here, and {down} came");
        assert!(fs::read(&to).unwrap() == content, "it is another file");
        fs::remove_file(&to).unwrap();
        println!(
            "round {round}: {left} of {} bytes left after the kill ({} chunks)",
            content.len(),
            left.div_ceil(CHUNK)
        );
    }
}

/// Runs a command with room for what any command needs (deriving the key takes 64 MiB of it) and little more.
#[cfg(target_os = "linux")]
fn with_little_memory(computer: &Computer, args: &[&str]) -> Done {
    const KIB: u32 = 160_000;
    let inside = computer.command(args);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -v {KIB} && exec \"$0\" \"$@\"")).arg(inside.get_program());
    command.args(inside.get_args()).env_clear();
    command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    run(command, b"")
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_of_96_mib_needs_no_memory_of_its_size() {
    let computer = Computer::with_vault();
    let note = computer.add("Film", "text");
    let home = computer.root().join("home");
    let (file, copy) = (home.join("film.bin"), home.join("copy.bin"));
    let content: Vec<u8> = (0..96 * 1024 * 1024_u32).map(|n| (n >> 10) as u8 ^ n as u8).collect();
    fs::write(&file, &content).unwrap();
    let add = ["attachment", "add", &note, file.to_str().unwrap()];
    with_little_memory(&computer, &add).ok();
    with_little_memory(&computer, &["attachment", "get", &note, "film.bin", copy.to_str().unwrap()]).ok();
    assert!(fs::read(&copy).unwrap() == content, "it is another file");
    let out = home.join("out");
    let report = with_little_memory(&computer, &["export", "--to", "markdown", out.to_str().unwrap()]).ok();
    assert_eq!(report["attachments"], 1, "{report}");
}
