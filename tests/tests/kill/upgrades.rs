//! Killed while a vault of an earlier version is brought up to date.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use holdfast_store::SCHEMA_VERSION;
use holdfast_testkit::old_schema::{schema, set_back_to_schema_2};
use holdfast_tests::kill::{kill, reached};
use holdfast_tests::programs::{Computer, Done, PASSPHRASE};

use crate::{prose, seeded};

fn backups(vault: &Path) -> Vec<String> {
    let entries = fs::read_dir(vault.join("backups"));
    entries.map(|all| all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()).unwrap_or_default()
}

#[test]
fn a_killed_upgrade_loses_nothing_and_there_is_a_backup_of_what_was() {
    let mut rng = seeded("upgrades");
    let computer = Computer::with_vault();
    for n in 0..6 {
        computer.add(&format!("Note {n}"), &prose(&mut rng, 400_000));
    }
    let notes = computer.notes();
    let vault = computer.vault();

    // How long it takes, from the first byte of the backup on.
    set_back_to_schema_2(&vault, PASSPHRASE);
    let mut child = computer.command(["notebook", "list"]).spawn().unwrap();
    assert!(reached(&mut child, || !backups(&vault).is_empty(), Duration::ZERO), "the backup was missed");
    let begun = Instant::now();
    Done::new(child.wait_with_output().unwrap()).ok();
    let took = begun.elapsed();

    let (mut inside, mut before, mut after) = (0, 0, 0);
    for n in 0.. {
        if inside == 6 {
            break;
        }
        assert!(n < 60, "only {inside} of {n} kills were inside");
        fs::remove_dir_all(vault.join("backups")).unwrap();
        set_back_to_schema_2(&vault, PASSPHRASE);
        let mut child = computer.command(["notebook", "list"]).spawn().unwrap();
        let delay = Duration::from_nanos(rng.next_u64() % took.as_nanos() as u64);
        let running = reached(&mut child, || !backups(&vault).is_empty(), delay);
        let done = kill(child);
        inside += usize::from(running && done.stdout.is_empty());
        let whole = backups(&vault).iter().filter(|name| name.ends_with("-before-upgrade")).count();
        match (schema(&vault, PASSPHRASE), whole) {
            (2, 0) => before += 1,
            (SCHEMA_VERSION, 1) => after += 1,
            (2, 1) => {}
            other => panic!("brought up to date without a backup: {other:?}"),
        }
        assert_eq!(computer.notes(), notes, "something was lost");
        assert_eq!(schema(&vault, PASSPHRASE), SCHEMA_VERSION);
        let left = backups(&vault);
        assert!(left.iter().all(|name| !name.ends_with(".unfinished")) && !left.is_empty(), "{left:?}");
        for name in left {
            let copy = vault.join("backups").join(name);
            assert_eq!(schema(&copy, PASSPHRASE), 2);
            computer.ok(["backup", "test", copy.to_str().unwrap()]);
        }
    }
    println!("upgrades: {inside} kills inside; {before} before the backup was whole, {after} after the change");
}
