//! The server is not there, is another one, or says no.

use std::fs;

use holdfast_protocol::JoinLink;
use holdfast_tests::programs::{Computer, Server, USER, converge, text};

use crate::noise;
use crate::table::{Kept, Table};

fn account<'a>(verb: &'a str, link: &'a str, user: &'a str) -> [&'a str; 6] {
    ["account", verb, "--link", link, "--user", user]
}

pub fn faults(table: &mut Table) {
    let mut server = Server::start();
    let link = server.link.clone();
    table.section("Links and accounts");
    let desk = Computer::with_vault();
    desk.add("Kept", "as it was");
    let kept = Kept::of(&desk);
    links(table, &desk, &link);
    kept.check(&desk);

    desk.create_account(&link);
    table.fails("an account that has a server", &desk, &account("create", &link, "other"));
    let other = Computer::with_vault();
    table.fails("user taken", &other, &account("create", &link, USER));
    table.fails("join where a vault is", &other, &account("join", &link, USER));
    let mut laptop = Computer::new();
    table.fails("join as nobody", &laptop, &account("join", &link, "nobody"));
    let right = std::mem::replace(&mut laptop.passphrase, "something else".into());
    table.fails("join with a wrong passphrase", &laptop, &account("join", &link, USER));
    laptop.passphrase = right;
    assert!(!laptop.vault().join("vault.keys").exists());
    laptop.join(&link);
    kept.check(&laptop);

    table.section("The server");
    let url = JoinLink::parse(&link).unwrap().url;
    let listen = url.strip_prefix("https://").unwrap();
    server.kill();
    desk.add("Written without a server", "still here");
    let kept = Kept::of(&desk);
    table.fails("server down", &desk, &["sync"]);
    table.fails("server down, in a join", &Computer::new(), &account("join", &link, USER));
    kept.check(&desk);

    // At the same address, with a key of its own.
    let mut stranger = Server::start_with(listen, &[]);
    table.fails("wrong pin, in a sync", &desk, &["sync"]);
    stranger.kill();
    kept.check(&desk);

    server.serve(listen);
    let full = [("HOLDFAST_TEST_MAX_PAGES", "1")];
    desk.add("Large", &noise(9, 640_000));
    desk.sync();
    let before = Kept::of(&laptop);
    table.fails_with("full disk, in a pull", &laptop, &["sync"], &full, b"");
    before.check(&laptop);
    converge(&[&desk, &laptop]);
    assert_eq!(laptop.notes().len(), 3);

    restored(&mut server, listen, [&desk, &laptop]);
    removed(table, &desk, &laptop);
}

fn links(table: &mut Table, desk: &Computer, link: &str) {
    let real = JoinLink::parse(link).unwrap();
    let create = |link: &str| account("create", link, USER).map(str::to_owned);
    table.fails("sync without a server", desk, &["sync"]);
    table.fails("a link that is none", desk, &create("https://example.org"));
    table.fails("a link that was cut", desk, &create(&link[..30]));
    table.fails("a link of a newer version", desk, &create(&link.replace("/join/1/", "/join/2/")));
    let away = JoinLink::new("https://holdfast.invalid:8443", real.pin, real.invitation.clone(), real.expires_ms);
    table.fails("no network", desk, &create(&away.unwrap().to_string()));
    let mut other_pin = real.clone();
    other_pin.pin[0] ^= 1;
    table.fails("wrong pin", desk, &create(&other_pin.to_string()));
    let mut other_invitation = real.clone();
    other_invitation.invitation.as_mut().unwrap()[0] ^= 1;
    table.fails("an invitation of another server", desk, &create(&other_invitation.to_string()));
    let without = JoinLink { invitation: None, ..real };
    table.fails("a link without an invitation", desk, &create(&without.to_string()));

    let old = Server::start_with("127.0.0.1:0", &["--invite-ttl-s", "0"]);
    table.fails("expired link", desk, &create(&old.link));
    // As for a computer whose clock is slow: the server knows better.
    let mut expired = JoinLink::parse(&old.link).unwrap();
    expired.expires_ms += 24 * 3600 * 1000;
    table.fails("expired link, and the clock is slow", desk, &create(&expired.to_string()));
}

/// The server comes back from a backup that is older than what it confirmed: it is given back what it lost, and nobody
/// is asked anything.
fn restored(server: &mut Server, listen: &str, [desk, laptop]: [&Computer; 2]) {
    server.kill();
    let (data, backup) = (server.data(), server.root().join("backup"));
    copy(&data, &backup);
    server.serve(listen);
    desk.add("After the backup", "confirmed");
    desk.sync();
    server.kill();
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&backup, &data).unwrap();
    server.serve(listen);
    let kept = Kept::of(desk);
    converge(&[desk, laptop]);
    kept.check(desk);
    let titles = |c: &Computer| c.notes().iter().any(|note| note["title"] == "After the backup");
    assert!(titles(desk) && titles(laptop), "what the backup lacked is there again");
}

/// The laptop was lost, and is removed. It says so, and keeps what it has.
fn removed(table: &mut Table, desk: &Computer, laptop: &Computer) {
    table.section("A computer that was removed");
    let devices = desk.ok(["device", "list"]).as_array().unwrap().clone();
    let of = |own: bool| text(&devices.iter().find(|d| d["this_device"] == own).unwrap()["id"]);
    table.fails("a computer that is not there", desk, &["device", "remove", "Nobody's"]);
    let own = desk.run(["device", "remove", &of(true)]);
    assert!(own.code == Some(1) && own.stderr.contains("cannot remove itself"), "{own:?}");
    desk.ok(["device", "remove", &of(false)]);
    laptop.add("Never sent", "kept all the same");
    let kept = Kept::of(laptop);
    for fault in ["removed, in a sync", "removed, in the next sync"] {
        table.fails(fault, laptop, &["sync"]);
    }
    table.fails("removed, and removes another", laptop, &["device", "remove", &of(true)]);
    assert_eq!(laptop.ok(["status"])["state"], "needs_sign_in");
    kept.check(laptop);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let e = entry.unwrap();
            (e.path(), e.file_name())
        };
        if path.is_dir() { copy(&path, &to.join(name)) } else { fs::copy(&path, to.join(name)).map(drop).unwrap() }
    }
}
