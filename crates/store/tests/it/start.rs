//! The first databases of a process, opened by several threads at once.

use std::{env, process::Command, sync::Barrier, thread};

use holdfast_store::Store;

use crate::support::key;

/// Set in the processes that the test starts.
const CHILD: &str = "HOLDFAST_TEST_FIRST_STORES";

/// SQLCipher is started once in a process, so each try is a process of its own.
#[test]
fn the_first_stores_of_a_process_open_at_the_same_time() {
    if env::var_os(CHILD).is_some() {
        let together = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (dir, key) = (tempfile::tempdir().unwrap(), key(1));
                    together.wait();
                    Store::create(&dir.path().join("vault.db"), &key).unwrap();
                });
            }
        });
        return;
    }
    for _ in 0..100 {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "start::the_first_stores_of_a_process_open_at_the_same_time", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    }
}
