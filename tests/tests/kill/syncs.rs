//! Killed inside a sync: the computer, and the server.

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast_testkit::TestRng;
use holdfast_tests::kill::{kill, reached};
use holdfast_tests::programs::{Computer, Done, Server, converge, free_port, text};
use holdfast_tests::wire::{Way, Wire};
use serde_json::Value;

use crate::{prose, seeded};

/// About how much goes each way in a sync of a round: the hello of TLS, and a note.
const BODY_BYTES: usize = 40_000;
const WIRE_BYTES: usize = BODY_BYTES / 2 + 4_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Computer,
    Server,
}

pub struct World {
    pub server: Server,
    listen: String,
    pub wire: Wire,
    pub computers: [Computer; 2],
    /// Acknowledged: title and text by id.
    known: BTreeMap<String, (String, String)>,
}

impl World {
    pub fn new() -> Self {
        let port = free_port();
        let wire = Wire::to(port);
        let listen = format!("127.0.0.1:{port}");
        let server = Server::start_with(&listen, &["--public-url", &format!("https://127.0.0.1:{}", wire.port)]);
        let computers = [Computer::with_vault(), Computer::new()];
        computers[0].create_account(&server.link);
        computers[1].join(&server.link);
        Self { server, listen, wire, computers, known: BTreeMap::new() }
    }

    /// Something to send here, and something to fetch.
    fn write(&mut self, rng: &mut TestRng, here: usize, n: usize) {
        let there = &self.computers[1 - here];
        let elsewhere = prose(rng, BODY_BYTES);
        let edited: Vec<String> = self.known.keys().cloned().collect();
        match rng.pick(&edited).filter(|_| rng.clone().chance(50)) {
            Some(id) => {
                there.sync();
                there.ok_with_input(["note", "edit", id, "--body-file", "-"], elsewhere.as_bytes());
                self.known.get_mut(id).unwrap().1 = elsewhere;
            }
            None => {
                let title = format!("There {n}");
                self.known.insert(there.add(&title, &elsewhere), (title, elsewhere));
            }
        }
        there.sync();
        let (title, body) = (format!("Here {n}"), prose(rng, BODY_BYTES));
        self.known.insert(self.computers[here].add(&title, &body), (title, body));
    }

    /// Kills in the middle of a sync of this computer; `None` where the sync was over before.
    fn kill_in_sync(&mut self, rng: &mut TestRng, here: usize, victim: Victim) -> Option<Done> {
        let way = if rng.chance(50) { Way::Up } else { Way::Down };
        self.wire.stop_after(way, rng.below(WIRE_BYTES) as u64);
        // Half of the time the bytes go on, and the moment is a little later: something else is being done then.
        let goes_on = rng.chance(50);
        let delay = Duration::from_micros(if goes_on { rng.below(60_000) as u64 } else { 0 });
        let mut child = self.computers[here].command(["sync"]).spawn().unwrap();
        let wire = &self.wire;
        let begun = || {
            let stopped = wire.stopped();
            if stopped && goes_on {
                wire.release();
            }
            stopped
        };
        let running = reached(&mut child, begun, delay);
        let done = match victim {
            Victim::Computer => {
                let done = kill(child);
                self.wire.release();
                done
            }
            Victim::Server => {
                self.server.kill();
                self.wire.release();
                let done = Done::new(child.wait_with_output().unwrap());
                self.server.serve(&self.listen);
                assert!(matches!(done.code, Some(0 | 75)), "the server was killed, and the sync said {done:?}");
                done
            }
        };
        let inside = match victim {
            Victim::Computer => done.code.is_none() && done.stdout.is_empty(),
            Victim::Server => done.code == Some(75),
        };
        (running && inside).then_some(done)
    }

    fn check(&self) {
        let notes = converge(&[&self.computers[0], &self.computers[1]]);
        let shown: BTreeMap<String, (String, String)> =
            notes.iter().map(|n| (text(&n["id"]), (text(&n["title"]), text(&n["body"])))).collect();
        assert!(shown == self.known, "what was acknowledged is not what is there");
        assert_eq!(notes.len(), self.known.len(), "a note is there twice");
        assert!(notes.iter().all(|n| n["review"] == Value::Bool(false)), "nobody wrote against anybody");
    }
}

fn kills_inside_a_sync(wanted: usize) {
    let mut rng = seeded("syncs");
    let mut world = World::new();
    let (mut of_computer, mut of_server, mut late) = (0, 0, 0);
    for n in 0.. {
        if of_computer + of_server == wanted {
            break;
        }
        assert!(n < wanted * 5, "only {} of {n} kills were inside a sync", of_computer + of_server);
        let here = rng.below(2);
        // Two of five are of the server.
        let victim = if of_server * 3 < of_computer * 2 { Victim::Server } else { Victim::Computer };
        world.write(&mut rng, here, n);
        match (world.kill_in_sync(&mut rng, here, victim), victim) {
            (None, _) => late += 1,
            (Some(_), Victim::Computer) => of_computer += 1,
            (Some(_), Victim::Server) => of_server += 1,
        }
        // Never refused.
        world.computers[here].sync();
        if n % 4 == 3 {
            world.check();
        }
    }
    world.check();
    println!(
        "syncs: {} kills inside a sync ({of_computer} of a computer, {of_server} of the server), {late} too late; \
         {} notes",
        of_computer + of_server,
        world.known.len()
    );
}

#[test]
fn a_killed_sync_loses_nothing() {
    kills_inside_a_sync(10);
}

#[test]
#[ignore = "takes minutes: cargo xtask test --long"]
fn fifty_killed_syncs_lose_nothing() {
    kills_inside_a_sync(50);
}
