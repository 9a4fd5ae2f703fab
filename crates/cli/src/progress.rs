//! How far a sync is, on standard error while it goes on, where a person looks at it.

use std::convert::Infallible;
use std::io::{IsTerminal as _, Write as _, stderr};

use holdfast_ipc::time_left;
use holdfast_notebook::sync::{CatchUp, Syncer};

/// Back to the beginning of the line, and nothing is left of it (ECMA-48, "erase in line").
const CLEAR: &str = "\r\u{1b}[K";

/// Does `work`, and shows meanwhile how far it is. The line is gone before anything else is printed.
pub async fn shown<T>(syncer: &Syncer, work: impl Future<Output = T>) -> T {
    if !stderr().is_terminal() {
        return work.await;
    }
    let done = tokio::select! {
        biased;
        done = work => done,
        never = follow(syncer) => match never {},
    };
    print("");
    done
}

async fn follow(syncer: &Syncer) -> Infallible {
    let mut changed = syncer.watch();
    loop {
        if changed.changed().await.is_err() {
            // Nothing changes any more; the work ends by itself.
            std::future::pending::<()>().await;
        }
        print(&syncer.catch_up().map(|c| line(&c)).unwrap_or_default());
    }
}

fn line(c: &CatchUp) -> String {
    let left = c.left_ms.map(|ms| format!(". {}", time_left(ms))).unwrap_or_default();
    format!("Received {} of {} changes{left}", c.done, c.total)
}

fn print(line: &str) {
    let mut out = stderr().lock();
    // Nowhere is left to say that this failed.
    let _ = write!(out, "{CLEAR}{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_and_how_long() {
        let c = CatchUp { first: true, done: 312, total: 1204, left_ms: None };
        assert_eq!(line(&c), "Received 312 of 1204 changes");
        let c = CatchUp { left_ms: Some(110_000), ..c };
        assert_eq!(line(&c), "Received 312 of 1204 changes. About 2 minutes left");
    }
}
