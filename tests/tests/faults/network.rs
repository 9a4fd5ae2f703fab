//! A computer without any network, where this machine lets a test make one: another matter than a server that is
//! down.

use std::process::{Command, Stdio};

use holdfast_tests::programs::{Computer, Done, Server, USER, run};

/// Runs a command where there is no network at all.
fn without_network(computer: &Computer, args: &[&str]) -> Done {
    let inside = computer.command(args);
    let mut command = Command::new("unshare");
    command.args(["--net", "--"]).arg(inside.get_program()).args(inside.get_args()).env_clear();
    command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    run(command, b"")
}

#[test]
fn without_a_network_it_says_so_and_loses_nothing() {
    let allowed = Command::new("unshare").args(["--net", "--", "true"]).output();
    if !allowed.is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: this user cannot make a place without a network");
        return;
    }
    let server = Server::start();
    let desk = Computer::with_vault();
    desk.create_account(&server.link);
    let id = desk.add("Written on the train", "body");

    let done = without_network(&desk, &["sync"]);
    let said = "This computer has no network. Your changes are safe on this computer and will be sent when it has one.";
    assert_eq!((done.code, done.stderr.trim()), (Some(75), said), "{done:?}");
    let answer: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&answer["state"], &answer["waiting"]), (&"offline".into(), &1.into()), "{answer}");
    let status = desk.ok(["status"]);
    assert_eq!((&status["state"], &status["problem"]["sentence"]), (&"offline".into(), &said.into()), "{status}");

    let laptop = Computer::new();
    let join = ["account", "join", "--link", &server.link, "--user", USER];
    let done = without_network(&laptop, &join);
    let said = "This computer has no network. Nothing was changed on this computer; try again when it has one.";
    assert_eq!((done.code, done.stderr.trim()), (Some(75), said), "{done:?}");
    assert!(!laptop.vault().join("vault.keys").exists());

    assert_eq!(desk.sync()["pushed"], 1);
    laptop.join(&server.link);
    assert!(laptop.notes().iter().any(|note| note["id"] == id.as_str()));

    // A large file that was not fetched before.
    let film = desk.root().join("home/film.bin");
    std::fs::write(&film, vec![7; 5_000_000]).unwrap();
    desk.ok(["attachment", "add", &id, film.to_str().unwrap()]);
    desk.sync();
    laptop.sync();
    let to = laptop.root().join("home/copy.bin");
    let done = without_network(&laptop, &["attachment", "get", &id, "film.bin", to.to_str().unwrap()]);
    let said = "This file is not on this computer yet: film.bin. It comes when there is a network.";
    assert_eq!((done.code, done.stderr.trim()), (Some(1), said), "{done:?}");
    let out = laptop.root().join("home/out");
    let done = without_network(&laptop, &["export", "--to", "markdown", out.to_str().unwrap()]);
    let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((done.code, &report["attachments"], &report["notes"]), (Some(0), &0.into(), &1.into()), "{done:?}");
    assert_eq!(report["skipped"][0]["reason"], "film.bin is not on this computer yet", "{report}");
    // It was asked for, and is.
    laptop.sync();
    laptop.ok(["attachment", "get", &id, "film.bin", to.to_str().unwrap()]);
    assert_eq!(std::fs::read(&to).unwrap(), vec![7; 5_000_000]);
}
