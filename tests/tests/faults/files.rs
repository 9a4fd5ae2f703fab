//! Texts and folders that cannot be taken as they are.

use std::fs;
use std::path::Path;

use holdfast_tests::odd_folder;
use holdfast_tests::permissions::allow;
use holdfast_tests::programs::Computer;

use crate::table::{Kept, Table};

const OVER: usize = 2 * 1024 * 1024 + 1;

pub fn faults(table: &mut Table) {
    table.section("Texts and folders");
    let mut desk = Computer::with_vault();
    desk.obey_permissions();
    let id = desk.add("Kept", "as it was");
    let kept = Kept::of(&desk);
    let scratch = tempfile::tempdir().unwrap();
    let add = ["note", "add", "--title", "x"];
    let edit = ["note", "edit", &id, "--body-file", "-"];
    table.fails_with("a text over 2 MiB", &desk, &add, &[], "x".repeat(OVER).as_bytes());
    table.fails_with("a text over 2 MiB, in an edit", &desk, &edit, &[], "x".repeat(OVER).as_bytes());
    table.fails_with("a text that is not UTF-8", &desk, &add, &[], b"ab\xff\xfe");
    table.fails_with("a text that is not UTF-8, in an edit", &desk, &edit, &[], b"caf\xe9");
    let latin = scratch.path().join("latin.txt");
    fs::write(&latin, b"caf\xe9").unwrap();
    table.fails(
        "a file of a text that is not UTF-8",
        &desk,
        &[edit[0], edit[1], &id, edit[3], latin.to_str().unwrap()],
    );
    table.fails("a file of a text that is a folder", &desk, &[edit[0], edit[1], &id, edit[3], "/"]);
    table.fails("a note that is not there", &desk, &["note", "show", "00000000000000000000000000000000"]);
    kept.check(&desk);

    let import = |path: &Path| -> Vec<String> {
        ["import", "--from", "markdown", path.to_str().unwrap()].map(str::to_owned).into()
    };
    table.fails("a folder that is not there", &desk, &import(&scratch.path().join("gone")));
    table.fails("a folder that is a file", &desk, &import(&latin));
    kept.check(&desk);

    let odd = scratch.path().join("odd");
    odd_folder::make(&odd);
    let dry: Vec<String> = import(&odd).into_iter().chain(["--dry-run".to_owned()]).collect();
    table.tells("a folder with odd files, looked at", &desk, &dry, "skipped");
    kept.check(&desk);
    let answer = table.tells("a folder with odd files", &desk, &import(&odd), "skipped");
    assert_eq!(answer["notes"], 1);
    odd_folder::open(&odd);

    let closed = scratch.path().join("closed");
    fs::create_dir(&closed).unwrap();
    allow(&closed, 0o000);
    table.fails("a folder that cannot be read", &desk, &import(&closed));
    allow(&closed, 0o700);

    let huge = scratch.path().join("huge");
    fs::create_dir(&huge).unwrap();
    fs::write(huge.join("huge.md"), "x".repeat(OVER)).unwrap();
    let answer = table.tells("a file of more than 2 MiB is kept as a file", &desk, &import(&huge), "attachments");
    assert_eq!((&answer["notes"], &answer["skipped"]), (&1.into(), &serde_json::json!([])));

    let kept = Kept::of(&desk);
    let (full, file) = (scratch.path().join("odd"), latin);
    let export = |path: &Path| ["export", "--to", "markdown", path.to_str().unwrap()].map(str::to_owned);
    table.fails("an export into a folder with something in it", &desk, &export(&full));
    table.fails("an export into a file", &desk, &export(&file));
    assert_eq!(fs::read(&file).unwrap(), b"caf\xe9", "the file was touched");
    kept.check(&desk);
    desk.ok(export(&scratch.path().join("out")));
    assert_eq!(fs::read_to_string(scratch.path().join("out/good.md")).unwrap(), "fine\n");
}
