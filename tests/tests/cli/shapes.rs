//! The shape of every answer, as a snapshot: other programs read these.

use serde_json::{Map, Value, json};

use crate::harness::{Device, Pair};

/// An answer with each value by its type. Arrays show what their items have in common.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(n) if n.is_u64() => json!("uint"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(items) => Value::Array(items.first().map(shape).into_iter().collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (k.clone(), shape(v))).collect::<Map<_, _>>())
        }
    }
}

fn assert_shape<const N: usize>(device: &Device, args: [&str; N], expected: Value) {
    let answer = device.ok(args);
    assert_eq!(shape(&answer), expected, "{args:?}: {answer}");
}

#[test]
fn the_answers_have_these_shapes() {
    let (pair, id) = Pair::with_note("Merged", "one\n\ntwo\n\nthree\n");
    let asked = pair.desk.add("Asked", "one\n");
    pair.desk.edit(&id, &["--notebook", "A/B", "--due", "2026-01-02", "--add-tag", "t"]);
    pair.converge();
    for (device, body, title) in
        [(&pair.desk, "ONE\n\ntwo\n\nthree\n", "d"), (&pair.laptop, "one\n\ntwo\n\nTHREE\n", "l")]
    {
        device.set_body(&id, body);
        device.set_body(&asked, title);
    }
    pair.converge();
    let device = &pair.desk;
    let note = json!({
        "id": "text", "title": "text", "body": "text", "notebook": "text", "tags": ["text"], "due": "text",
        "done": "bool", "trashed": "bool", "review": "bool", "created": "uint", "updated": "uint",
    });
    assert_shape(device, ["note", "show", &id], note);
    let bare = json!({
        "id": "text", "title": "text", "body": "text", "notebook": "null", "tags": [], "due": "null",
        "done": "bool", "trashed": "bool", "review": "bool", "created": "uint", "updated": "uint",
    });
    assert_shape(device, ["note", "show", &asked], bare.clone());
    assert_shape(device, ["note", "list"], json!([bare]));
    assert_shape(
        device,
        ["notebook", "list"],
        json!([{ "id": "text", "name": "text", "path": "text", "notes": "uint", "kept_offline": "bool" }]),
    );
    let hit = json!({
        "id": "text", "title": "text", "notebook": "text", "snippet": "text", "trashed": "bool", "review": "bool",
    });
    assert_shape(device, ["search", "merged"], json!([hit]));
    let way = json!({ "files": "uint", "bytes": "uint", "of_bytes": "uint" });
    let files = json!({ "sending": way, "receiving": way, "not_here": { "files": "uint", "bytes": "uint" } });
    let sync = json!({
        "state": "text", "pushed": "uint", "pulled": "uint", "waiting": "uint", "requests": "uint",
        "bytes_up": "uint", "bytes_down": "uint", "readable_ms": "uint", "elapsed_ms": "uint", "to_review": "uint",
        "attachments": files,
    });
    assert_shape(device, ["sync"], sync);
    let status = json!({
        "state": "text", "waiting": "uint", "to_review": "uint", "last_confirmed": "uint", "server": "text",
        "devices": [{ "name": "text", "last_seen": "uint", "clock_ahead": "bool", "this_device": "bool" }],
        "problem": "null", "passphrase": "null", "tripwire": "null", "set_aside": [], "attachments": files,
    });
    assert_shape(device, ["status"], status);
    let line = json!({
        "at_ms": "uint", "what": "text", "ok": "bool", "duration_ms": "uint", "bytes_up": "uint", "bytes_down": "uint",
        "message": "text", "code": "null",
    });
    assert_shape(device, ["activity", "--search", "synced", "--limit", "1"], json!([line]));
    assert_shape(device, ["tripwire", "show"], json!({ "pending": "bool", "notes": [] }));
    let backup = json!({ "dir": "text", "at": "uint", "reason": "text", "bytes": "uint" });
    assert_shape(device, ["backup", "now"], backup.clone());
    assert_shape(device, ["backup", "list"], json!([backup]));
    let held = json!({
        "dir": "text", "notes": "uint", "trashed": "uint", "notebooks": "uint", "files_not_here": "uint",
    });
    assert_shape(device, ["backup", "test"], held);
    let listed = json!([{ "id": "text", "title": "text", "choices": "uint", "devices": ["text"], "kind": "text" }]);
    assert_shape(device, ["review", "list"], listed);
    let side = json!({
        "device": "text", "device_id": "text", "this_device": "bool", "time": "uint", "revision": "text",
        "value": "text", "also": [],
    });
    let review = json!({
        "id": "text", "title": "text", "heads": ["text"], "merged": [],
        "places": [{
            "number": "uint", "id": "text", "field": "text", "label": "text", "region": { "heading": "null", "line": "uint" },
            "base": ["text"], "sides": [side], "suggested": "null",
        }],
    });
    assert_shape(device, ["review", "show", &asked], review);
    let receipt = json!({
        "id": "text", "note": "text", "title": "text", "at": "uint", "undone": "bool", "kind": "text", "why": "null",
        "sides": [{
            "device": "text", "device_id": "text", "this_device": "bool", "revision": "text", "time": "uint", "notebook": "null",
            "changes": [{ "field": "text", "line": "uint", "removed": "text", "added": "text" }],
        }],
    });
    assert_shape(device, ["receipts"], json!([receipt]));
    assert_shape(
        device,
        ["review", "resolve", &asked, "--take", "Desk"],
        json!({ "ok": "bool", "left": "uint", "open": [] }),
    );
    assert_shape(device, ["note", "trash", &id], json!({ "ok": "bool" }));
    assert_shape(device, ["notebook", "add", "C"], json!({ "id": "text" }));
    assert_shape(&Device::bare(), ["init"], json!({ "recovery_code": "text" }));
}
