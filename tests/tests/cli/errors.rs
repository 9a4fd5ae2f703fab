//! What goes wrong, as sentences and exit codes.

use std::fs::File;
use std::process::Stdio;

use crate::harness::{Device, Pair, Server, run_with_input, text};

#[test]
fn a_vault_opens_with_its_passphrase_and_no_other() {
    let mut device = Device::new("Desk");
    let id = device.add("kept", "body");
    assert_eq!(device.body(&id), "body");
    device.passphrase = "something else".into();
    device.run(["note", "list", "--json"]).failed(1, "The passphrase is wrong.");
    device.passphrase = String::new();
    device.run(["note", "list", "--json"]).failed(1, "The passphrase is wrong.");
}

#[test]
fn without_a_passphrase_or_a_terminal_it_says_how_to_give_one() {
    let device = Device::new("Desk");
    let mut command = device.command(["note", "list"]);
    command.env_remove("HOLDFAST_PASSPHRASE");
    run_with_input(command, b"").failed(2, "HOLDFAST_PASSPHRASE");
}

#[test]
fn the_recovery_code_opens_and_sets_a_new_passphrase() {
    let mut device = Device::bare();
    let code = text(&device.ok(["init"])["recovery_code"]);
    assert_eq!(code.split(' ').count(), 24);
    let id = device.add("kept", "body");
    let unlock = |device: &Device, code: &str| {
        let mut command = device.command(["unlock", "--recovery"]);
        command.env("HOLDFAST_NEW_PASSPHRASE", "fresh one").env_remove("HOLDFAST_PASSPHRASE");
        run_with_input(command, code.as_bytes())
    };
    let other = text(&Device::bare().ok(["init"])["recovery_code"]);
    unlock(&device, &other).failed(1, "another vault");
    unlock(&device, "abandon abandon").failed(1, "24 words");
    unlock(&device, &code.replacen(code.split(' ').next().unwrap(), "xyzzy", 1)).failed(1, "word 1");
    assert_eq!(device.body(&id), "body", "a wrong code changes nothing");

    assert_eq!(unlock(&device, &code.to_uppercase()).code, 0);
    device.run(["note", "list"]).failed(1, "The passphrase is wrong.");
    device.passphrase = "fresh one".into();
    assert_eq!(device.body(&id), "body");
}

#[test]
fn what_can_be_switched_off_is_on_until_somebody_does() {
    let device = Device::new("Desk");
    let all = device.ok(["config"]);
    assert_eq!((&all["sync-events"], &all["sync-wake"]), (&true.into(), &true.into()));
    assert_eq!(device.ok(["config", "sync-events", "off"])["sync-events"], false);
    let all = device.ok(["config"]);
    assert_eq!((&all["sync-events"], &all["sync-wake"]), (&false.into(), &true.into()));
    assert_eq!(device.ok(["config", "sync-events", "on"])["sync-events"], true);
    device.run(["config", "sync-evens", "off"]).failed(1, "there are sync-events, sync-wake, sync-deltas, sync-packs");
    device.run(["config", "sync-events", "maybe"]).failed(2, "maybe");
}

#[test]
fn how_long_old_versions_stay_is_a_choice_of_this_computer() {
    let device = Device::new("Desk");
    assert_eq!(device.ok(["config", "history-kept"])["history-kept"], 90);
    assert_eq!(device.ok(["config", "history-kept", "everything"])["history-kept"], "everything");
    assert_eq!(device.ok(["config", "history-kept", "365"])["history-kept"], 365);
    assert_eq!(device.ok(["config"])["history-kept"], 365);
    device.run(["config", "history-kept", "7"]).failed(2, "7");
    device.run(["config", "history-kept", "on"]).failed(2, "30, 90, 180 or 365");
}

#[test]
fn a_vault_that_is_open_elsewhere_is_left_alone() {
    let device = Device::new("Desk");
    let lock = File::options().write(true).open(device.vault().join("vault.lock")).unwrap();
    lock.lock().unwrap();
    device.run(["note", "list", "--json"]).failed(3, "is open in another window or program");
    device.run_with_input(["note", "add", "--title", "x"], b"x").failed(3, "open in another");
    lock.unlock().unwrap();
    assert_eq!(device.run(["note", "list"]).stdout, "There are no notes.\n");
}

#[test]
fn a_vault_is_made_once() {
    let device = Device::bare();
    device.run(["note", "list"]).failed(1, "There is no vault in");
    assert!(!device.vault().exists(), "looking makes nothing");
    device.ok(["init"]);
    let id = device.add("kept", "");
    device.run(["init"]).failed(1, "There is already a vault in");
    device.run(["account", "join", "--link", "x", "--user", "ann"]).failed(1, "account create");
    assert_eq!(device.show(&id)["title"], "kept");
}

#[test]
fn an_answer_that_cannot_be_printed_is_a_failure_and_a_reader_that_went_away_is_none() {
    let device = Device::new("Desk");
    let id = device.add("kept", "body");
    let to = |out: Stdio, args: &[&str]| {
        let done = device.command(args).arg("--json").stdin(Stdio::null()).stdout(out).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for args in [&["note", "show", &id][..], &["note", "add", "--title", "saved all the same"]] {
        let (code, said) = to(full(), args);
        assert_eq!(code, Some(1), "{said}");
        assert_eq!(said.trim(), "It is done, but the answer cannot be printed: No space left on device.");
    }
    assert_eq!(device.ok(["note", "list"]).as_array().unwrap().len(), 2);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(to(writer.into(), &["note", "list"]), (Some(0), String::new()));
}

#[test]
fn usage_is_two() {
    let device = Device::new("Desk");
    for args in [
        &["frobnicate"][..],
        &["note", "add"],
        &["note", "add", "--title", "x", "--due", "2026-02-30"],
        &["note", "edit", "abcd"],
        &["import", "--from", "word", "."],
        &["review", "resolve", "abcd"],
        &["unlock"],
        &[],
    ] {
        let done = device.run(args);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done:?}");
        let said = done.stderr.trim_end();
        assert!(said.starts_with('`') && said.ends_with("--help`."), "{said}");
        assert_eq!(said.lines().count(), 1, "a sentence: {said}");
    }
    for asked in [&["--help"][..], &["--version"], &["help"], &["note", "add", "--help"]] {
        let done = device.run(asked);
        assert!(done.code == 0 && !done.stdout.is_empty() && done.stderr.is_empty(), "{done:?}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let device = Device::new("Desk");
    for args in [
        &["note", "show", "abcdef"][..],
        &["note", "trash", "00000000000000000000000000000000"],
        &["note", "show", "../x"],
        &["note", "edit", "abcd", "--title", "x", "--notebook", "Never made"],
        &["review", "show", "abcd"],
        &["review", "undo", "00000000000000000000000000000000"],
        &["receipts", "undo", "abcd"],
        &["notebook", "trash", "Nowhere"],
    ] {
        device.run(args).failed(1, "There is no ");
    }
    assert_eq!(device.ok(["notebook", "list"]), serde_json::json!([]));
    device.run(["import", "--from", "markdown", "/does/not/exist"]).failed(1, "it is not there");
    device.run(["note", "edit", "abcd", "--body-file", "/does/not/exist"]).failed(1, "it is not there");
    device.run(["sync"]).failed(1, "No server was added");
    let id = device.add("calm", "");
    device.run(["review", "resolve", &id, "--take", "all"]).failed(1, "Nothing is to decide");
    device.run(["review", "undo", &id]).failed(1, "Nothing was undone");
}

#[test]
fn a_server_that_is_not_there_loses_nothing() {
    let mut pair = Pair::new();
    let url = text(&pair.desk.ok(["status"])["server"]);
    pair.server.stop();
    let id = pair.desk.add("written offline", "body");
    let done = pair.desk.run(["sync", "--json"]);
    assert_eq!(done.code, 75, "{done:?}");
    assert!(done.stderr.contains("Can't reach the server."), "{done:?}");
    let answer = done.json();
    assert_eq!((&answer["state"], &answer["waiting"]), (&"unreachable".into(), &1.into()), "{answer}");
    let status = pair.desk.ok(["status"]);
    assert_eq!((&status["state"], &status["waiting"]), (&"unreachable".into(), &1.into()), "{status}");
    assert_eq!(status["problem"]["code"], "server_unreachable");
    assert_eq!(status["problem"]["sentence"], done.stderr.trim());
    let told = pair.desk.run(["status"]).stdout;
    assert!(told.starts_with(done.stderr.trim()) && told.contains("Waiting: 1."), "{told}");
    // Nothing of its own waits here, and still it cannot be up to date: nobody has asked.
    assert_eq!(pair.laptop.run(["sync"]).code, 75);
    let status = pair.laptop.ok(["status"]);
    assert_eq!((&status["state"], &status["waiting"]), (&"unreachable".into(), &0.into()), "{status}");

    pair.server.serve(url.strip_prefix("https://").unwrap());
    assert_eq!(pair.desk.sync()["pushed"], 1);
    pair.converge();
    assert_eq!(pair.laptop.body(&id), "body");
    for device in [&pair.desk, &pair.laptop] {
        let status = device.ok(["status"]);
        assert_eq!((&status["state"], &status["problem"]), (&"up_to_date".into(), &serde_json::Value::Null));
    }
}

#[test]
fn a_passphrase_that_waits_is_said_beside_a_server_that_is_not_there() {
    let mut pair = Pair::new();
    let url = text(&pair.desk.ok(["status"])["server"]);
    pair.server.stop();
    let mut command = pair.desk.command(["passphrase", "change"]);
    command.env("HOLDFAST_NEW_PASSPHRASE", "ten newer words");
    assert_eq!(run_with_input(command, b"").code, 0);
    pair.desk.passphrase = "ten newer words".into();
    assert_eq!(pair.desk.run(["sync"]).code, 75);
    let status = pair.desk.ok(["status"]);
    assert_eq!(status["problem"]["code"], "server_unreachable");
    let waits = text(&status["passphrase"]["sentence"]);
    assert!(waits.contains("the server does not have it yet"), "{status}");
    assert!(pair.desk.run(["status"]).stdout.contains(&waits));
    pair.server.serve(url.strip_prefix("https://").unwrap());
    pair.desk.sync();
    assert_eq!(pair.desk.ok(["status"])["passphrase"], serde_json::Value::Null);
}

#[test]
fn a_server_with_another_key_is_told_until_the_right_one_is_back() {
    let mut pair = Pair::new();
    let url = text(&pair.desk.ok(["status"])["server"]);
    let listen = url.strip_prefix("https://").unwrap();
    pair.server.stop();
    let mut stranger = Server::start_at(listen);
    pair.desk.run(["sync", "--json"]).failed(1, "not the one in the join link");
    let status = pair.desk.ok(["status"]);
    assert_eq!((&status["state"], &status["problem"]["code"]), (&"unreachable".into(), &"pin_mismatch".into()));
    assert!(pair.desk.run(["status"]).stdout.starts_with("The server's key is not the one in the join link."));
    stranger.stop();
    pair.server.serve(listen);
    pair.desk.sync();
    assert_eq!(pair.desk.ok(["status"])["problem"], serde_json::Value::Null);
}

#[test]
fn what_is_wrong_with_an_account_is_said() {
    let server = Server::start();
    let desk = server.first("Desk");
    desk.run(["account", "create", "--link", &server.link, "--user", "bob"]).failed(1, "has a server already");
    let other = Device::new("Other");
    other
        .run(["account", "create", "--link", "holdfast://x", "--user", "bob"])
        .failed(1, "The join link cannot be used");
    other.run(["account", "create", "--link", &server.link, "--user", "ann"]).failed(1, "taken");
    let mut joining = Device::bare();
    joining.passphrase = "wrong".into();
    let join = ["account", "join", "--link", &server.link, "--user", "ann"];
    joining.run(join).failed(1, "The user name or the passphrase is wrong.");
    assert!(!joining.vault().join("vault.keys").exists());
    let nobody = ["account", "join", "--link", &server.link, "--user", "nobody"];
    joining.run(nobody).failed(1, "The user name or the passphrase is wrong.");
}

#[test]
fn before_there_is_an_account_nothing_waits_to_be_sent() {
    let mut server = Server::start();
    server.stop();
    let (joining, other) = (Device::bare(), Device::new("Other"));
    for (device, verb) in [(&joining, "join"), (&other, "create")] {
        let done = device.run(["account", verb, "--link", &server.link, "--user", "ann"]);
        done.failed(75, "Can't reach the server. Nothing was changed on this computer; try again when it answers.");
        assert!(!done.stderr.contains("safe"), "{done:?}");
    }
    assert!(!joining.vault().join("vault.keys").exists());
    assert_eq!(other.ok(["status"])["state"], "local_only");
}
