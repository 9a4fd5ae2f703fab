//! A computer that was lost is removed, from outside.

use serde_json::json;

use crate::harness::{Device, Server, converge, run_with_input, text};

fn names(device: &Device) -> Vec<String> {
    device.ok(["device", "list"]).as_array().unwrap().iter().map(|d| text(&d["name"])).collect()
}

#[test]
fn a_lost_computer_is_removed_and_told_and_keeps_what_it_has() {
    let server = Server::start();
    let (a, b, c) = (server.first("Desk"), server.another("Lost laptop"), server.another("Phone"));
    let id = a.add("Note", "one\n");
    converge(&[&a, &b, &c]);
    b.set_body(&id, "one\nof the laptop, never sent\n");
    assert_eq!(names(&a), ["Desk", "Lost laptop", "Phone"]);

    let removed = a.ok(["device", "remove", "lost LAPTOP"]);
    assert_eq!((text(&removed["name"]), &removed["passphrase_changed"]), ("Lost laptop".to_owned(), &json!(false)));
    assert_eq!(names(&a), ["Desk", "Phone"]);
    a.run(["device", "remove", "Lost laptop"]).failed(1, "There is no computer Lost laptop.");
    a.run(["device", "remove", "Desk"]).failed(1, "This computer cannot remove itself");
    a.set_body(&id, "one\nafter the removal\n");
    a.sync();
    c.sync();
    c.set_body(&id, "one\nafter the removal\nseen by the phone\n");
    converge(&[&c, &a]);
    assert_eq!(a.body(&id), "one\nafter the removal\nseen by the phone\n");
    assert_eq!(names(&c), ["Phone", "Desk"]);

    // Told in words, each time, and what is there stays.
    for _ in 0..2 {
        b.run(["sync"]).failed(1, "This computer was removed from the account. Its notes stay here");
        let status = b.ok(["status"]);
        assert_eq!((&status["state"], &status["waiting"]), (&json!("needs_sign_in"), &json!(1)));
        assert_eq!(status["problem"]["code"], json!("device_removed"));
    }
    assert_eq!(b.body(&id), "one\nof the laptop, never sent\n");
    let out = b.path("out");
    b.ok(["export", "--to", "markdown", out.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(out.join("Note.md")).unwrap().matches("never sent").count(), 1);
    // It comes back as a new computer, with the passphrase.
    let again = server.another("Laptop, found");
    assert_eq!(again.body(&id), "one\nafter the removal\nseen by the phone\n");
}

#[test]
fn a_removal_with_a_new_passphrase_shuts_out_who_knew_the_old_one() {
    let server = Server::start();
    let (mut a, b, mut c) = (server.first("Desk"), server.another("Lost"), server.another("Phone"));
    let id = a.add("Note", "one\n");
    converge(&[&a, &b, &c]);
    let list = a.ok(["device", "list"]);
    let lost = list.as_array().unwrap().iter().find(|d| d["name"] == "Lost").unwrap();
    let short = &text(&lost["id"])[..8];
    let mut command = a.command(["device", "remove", short, "--change-passphrase", "--json"]);
    command.env("HOLDFAST_NEW_PASSPHRASE", "nine new words");
    let done = run_with_input(command, b"");
    assert_eq!((done.code, &done.json()["passphrase_changed"]), (0, &json!(true)), "{done:?}");

    a.run(["status"]).failed(1, "The passphrase is wrong.");
    a.passphrase = "nine new words".into();
    a.sync();
    c.sync();
    c.run(["status"]).failed(1, "The passphrase is wrong.");
    c.passphrase = "nine new words".into();
    c.set_body(&id, "two\n");
    converge(&[&a, &c]);
    // The thief has the old passphrase.
    let thief = Device::bare();
    let join = ["account", "join", "--link", &server.link, "--user", "ann", "--device-name", "Thief"];
    thief.run(join).failed(1, "The user name or the passphrase is wrong.");

    // And by itself, the passphrase alone.
    let mut command = a.command(["passphrase", "change"]);
    command.env("HOLDFAST_NEW_PASSPHRASE", "ten newer words");
    assert_eq!(run_with_input(command, b"").code, 0);
    a.passphrase = "ten newer words".into();
    a.sync();
    c.sync();
    c.passphrase = "ten newer words".into();
    converge(&[&a, &c]);
}

/// The server forgot the removal for a while, and the lost computer sent what it had.
#[test]
fn what_a_removed_computer_sent_late_is_decided_about() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let mut server = Server::start_at(&listen);
    let (a, b) = (server.first("Desk"), server.another("Lost laptop"));
    let shared = a.add("Pump log", "one\ntwo\nthree\n");
    converge(&[&a, &b]);
    let copy = server.copy(&listen);
    a.ok(["device", "remove", "Lost laptop"]);
    server.set_back(&listen, &copy);
    b.set_body(&shared, "one\ntwo\nthree, of the laptop\n");
    b.add("Shopping", "bread\n");
    b.sync();
    a.sync();
    a.sync();
    assert_eq!(a.body(&shared), "one\ntwo\nthree\n");
    assert_eq!(a.ok(["status"])["set_aside"][0]["count"], json!(2));

    let list = a.ok(["set-aside", "list"]);
    let list = list.as_array().unwrap();
    let find = |title: &str| list.iter().find(|item| item["title"] == *title).unwrap();
    for item in list {
        assert_eq!((text(&item["device"]), text(&item["kind"])), ("Lost laptop".to_owned(), "note".to_owned()));
        assert!(item["arrived"].is_u64() && item["bytes"].as_u64() > Some(0) && item["choice"] == "take", "{item}");
    }
    let (late, shopping) = (text(&find("Pump log")["id"]), text(&find("Shopping")["id"]));
    let shown = a.ok(["set-aside", "show", &late[..8]]);
    assert_eq!(shown["text"], json!("one\ntwo\nthree, of the laptop\n"), "{shown}");
    a.run(["set-aside", "show", "0000000000"]).failed(1, "There is no change that is set aside 0000000000.");

    // What was written here meanwhile, and what came late.
    a.set_body(&shared, "one, here\ntwo\nthree\n");
    assert_eq!(a.ok(["set-aside", "take", &late])["id"], json!(shared));
    assert_eq!(a.body(&shared), "one, here\ntwo\nthree, of the laptop\n");
    a.ok(["set-aside", "discard", &shopping]);
    a.run(["set-aside", "take", &shopping]).failed(1, "There is no change that is set aside");
    a.sync();
    assert_eq!((a.ok(["set-aside", "list"]), a.ok(["status"])["set_aside"].clone()), (json!([]), json!([])));
    let log = a.ok(["activity"]).to_string();
    assert!(log.contains("A late change taken over") && log.contains("A late change discarded"), "{log}");
    let phone = server.another("Phone");
    assert_eq!(phone.body(&shared), "one, here\ntwo\nthree, of the laptop\n");
}
