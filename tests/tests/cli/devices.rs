//! More than two computers.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{Device, Server, converge, text};

#[test]
fn three_computers_come_to_the_same() {
    let server = Server::start();
    let a = server.first("A");
    let b = server.another("B");
    let id = a.add("Note", "one\n\ntwo\n\nthree\n");
    converge(&[&a, &b]);
    // The third joins when there is something to fetch.
    let c = server.another("C");
    assert_eq!(c.body(&id), "one\n\ntwo\n\nthree\n");

    let all = [&a, &b, &c];
    for (device, name) in all.iter().zip(["A", "B", "C"]) {
        device.set_body(&id, &format!("one\n\ntwo of {name}\n\nthree\n"));
        device.edit(&id, &["--add-tag", name]);
        device.add(&format!("Own of {name}"), "");
    }
    converge(&all);
    for device in all {
        let note = device.show(&id);
        assert_eq!((&note["review"], &note["tags"]), (&json!(true), &json!(["A", "B", "C"])));
        assert_eq!(device.places(&id)[0]["sides"].as_array().unwrap().len(), 3);
        assert_eq!(device.ok(["note", "list"]).as_array().unwrap().len(), 4);
    }
    // Decided on one, while another writes on.
    b.ok(["review", "resolve", &id, "--take", "C"]);
    a.set_body(&id, &a.body(&id).replace("three", "THREE"));
    converge(&all);
    for device in all {
        assert_eq!((device.body(&id).as_str(), device.to_review().len()), ("one\n\ntwo of C\n\nTHREE\n", 0));
    }
    let devices = a.ok(["status"])["devices"].clone();
    let names: Vec<_> = devices.as_array().unwrap().iter().map(|d| text(&d["name"])).collect();
    assert_eq!(names, ["A", "B", "C"]);
    assert!(devices.as_array().unwrap().iter().all(|d| d["last_seen"].as_u64().unwrap() > 0));
}

/// The console of the server is needed once: whoever has a computer in the account can add another.
#[test]
fn a_computer_is_added_from_a_computer() {
    let server = Server::start();
    let a = server.first("A");
    let id = a.add("Note", "one\n");
    a.sync();
    let said = a.ok(["account", "link"]);
    let link = text(&said["link"]);
    assert_eq!((&said["user"], &said["url"]), (&json!("ann"), &a.ok(["status"])["server"]));
    let b = Device::bare();
    b.ok(["account", "join", "--link", &link, "--user", "ann", "--device-name", "B"]);
    b.sync();
    assert_eq!(b.body(&id), "one\n");
    assert_eq!(b.ok(["account", "link"])["link"], said["link"]);
    // It lets nobody make an account, and a vault without a server has none.
    let stranger = Device::new("C");
    stranger.run(["account", "create", "--link", &link, "--user", "eve"]).failed(1, "cannot make an account");
    stranger.run(["account", "link"]).failed(1, "server");
}

#[test]
fn a_sync_with_nothing_to_do_asks_once() {
    let server = Server::start();
    let a = server.first("A");
    let again = a.sync();
    assert_eq!((&again["pushed"], &again["pulled"], &again["requests"]), (&json!(0), &json!(0), &json!(1)));
    assert!(again["bytes_up"].as_u64().unwrap() > 0 && again["bytes_down"].as_u64().unwrap() > 0);
}

#[test]
fn notes_from_before_the_account_arrive_elsewhere() {
    let server = Server::start();
    let a = Device::new("A");
    let id = a.add("Early", "written alone\n");
    let status = a.ok(["status"]);
    assert_eq!((&status["state"], &status["server"]), (&json!("local_only"), &json!(null)));
    a.ok(["account", "create", "--link", &server.link, "--user", "ann", "--device-name", "Renamed"]);
    assert!(a.ok(["status"])["waiting"].as_u64().unwrap() > 0);
    a.sync();
    let b = server.another("B");
    assert_eq!(b.body(&id), "written alone\n");
    let devices = b.ok(["status"])["devices"].clone();
    assert!(devices.as_array().unwrap().iter().any(|d| d["name"] == "Renamed"), "{devices}");
}

#[test]
fn two_computers_of_one_account_have_two_names() {
    let server = Server::start();
    let _desk = server.first("Laptop");
    let join = ["account", "join", "--link", &server.link, "--user", "ann"];
    // Which names are taken only the log tells: a name that is gets a number with the first sync.
    let named = Device::bare();
    assert_eq!(named.ok(join.iter().chain(&["--device-name", "laptop"]))["device_name"], "laptop");
    assert_eq!(named.ok(["sync"])["device_name"], "laptop 2");
    let this = |device: &Device| {
        let devices = device.ok(["status"])["devices"].clone();
        text(&devices.as_array().unwrap().iter().find(|d| d["this_device"] == true).unwrap()["name"])
    };
    assert_eq!(this(&named), "laptop 2");
    let told = "Another computer is called “laptop”; this one is now “laptop 2”";
    assert!(named.ok(["activity"]).to_string().contains(told));
    assert_eq!(named.ok(["sync"])["device_name"], json!(null));

    // So does the host's, which nobody chose.
    let (first, second) = (Device::bare(), Device::bare());
    let host = text(&first.ok(join)["device_name"]);
    assert_eq!(text(&second.ok(join)["device_name"]), host);
    first.sync();
    second.sync();
    assert_eq!((this(&first), this(&second)), (host.clone(), format!("{host} 2")));
    let devices = second.ok(["status"])["devices"].clone();
    let names: BTreeSet<_> = devices.as_array().unwrap().iter().map(|d| text(&d["name"])).collect();
    assert_eq!(names, ["Laptop".to_owned(), "laptop 2".to_owned(), host.clone(), format!("{host} 2")].into());
}

#[test]
fn the_server_prints_the_fingerprint_that_a_window_asks_to_compare() {
    let server = holdfast_tests::programs::Server::start();
    let log = std::fs::read_to_string(server.root().join("stderr.log")).unwrap();
    let fingerprint = holdfast_protocol::JoinLink::parse(&server.link).unwrap().fingerprint();
    assert!(log.contains(&fingerprint), "{fingerprint} is not in: {log}");
}
