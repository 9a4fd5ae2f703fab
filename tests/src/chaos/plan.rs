//! What is done in a run, from a seed: the same list each time.

use std::time::Duration;

use holdfast_testkit::TestRng;

use crate::wire::{Fault, Way};

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// At least two.
    pub computers: usize,
    pub rounds: usize,
}

/// What one person does; numbers choose among what is there then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Add {
        bytes: usize,
    },
    /// A line of its own somewhere in a note.
    Line {
        note: u64,
        at: u64,
        bytes: usize,
    },
    /// More at the end of a line that somebody wrote.
    More {
        note: u64,
        at: u64,
    },
    /// Takes a line away that somebody wrote.
    Remove {
        note: u64,
        at: u64,
    },
    /// Tag, date or done.
    Field {
        note: u64,
        which: u64,
    },
    Trash {
        note: u64,
    },
    Restore {
        note: u64,
    },
    Import {
        files: usize,
    },
    /// Keeps all versions of what is to review.
    Resolve {
        note: u64,
    },
    Sync,
}

/// When the program that does it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// So long after its start.
    After(Duration),
    /// When this byte is on the wire, and so long after it.
    AtByte { way: Way, byte: u64, then: Duration },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The wire of this computer is like this from now on.
    Wire(Fault),
    Do {
        op: Op,
        kill: Option<Kill>,
    },
    /// Somebody else takes all the room of the disk, and gives it back.
    FillDisk,
    EmptyDisk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAct {
    Wait(Duration),
    /// Killed, and away for so long.
    Kill(Duration),
    /// Its data are copied while it stands still, as a backup.
    Copy,
    /// Killed, and comes back with the data of the last copy.
    Restore,
    FillDisk,
    EmptyDisk,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// For each computer.
    pub computers: Vec<Vec<Act>>,
    pub server: Vec<ServerAct>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub computers: usize,
    pub rounds: Vec<Round>,
    /// The round in which the last computer joins.
    pub joins: usize,
}

fn ms(rng: &mut TestRng, most: usize) -> Duration {
    Duration::from_millis(rng.below(most) as u64)
}

fn way(rng: &mut TestRng) -> Way {
    if rng.chance(50) { Way::Up } else { Way::Down }
}

/// Bytes of one sync, from a hello to several notes.
fn byte(rng: &mut TestRng) -> u64 {
    let most = *rng.pick(&[1_500, 8_000, 60_000]).unwrap_or(&1_500);
    rng.below(most) as u64
}

impl Plan {
    pub fn new(seed: u64, sizes: Sizes) -> Self {
        let mut rng = TestRng::new(seed);
        let computers = sizes.computers.max(2);
        let rounds = (0..sizes.rounds.max(1))
            .map(|n| {
                // In many rounds everybody begins with the same line of the same note: so they disagree.
                let quarrel = rng.chance(60).then(|| Op::More { note: rng.next_u64() | 1, at: rng.next_u64() });
                let computers = (0..computers).map(|_| person(&mut rng, quarrel)).collect();
                Round { computers, server: server(&mut rng, n) }
            })
            .collect();
        let joins = if computers == 2 { 0 } else { rng.below(sizes.rounds.max(1)) };
        Self { seed, computers, rounds, joins }
    }

    /// True where each kind of bad luck is in it, on a computer that it can befall.
    pub fn has_everything(&self) -> bool {
        // Every other computer has a small disk, and in every other seed the server has one.
        let small = self.rounds.iter().flat_map(|round| round.computers.iter().skip(1).step_by(2)).flatten();
        let acts: Vec<&Act> = self.rounds.iter().flat_map(|round| round.computers.iter().flatten()).collect();
        let server: Vec<&ServerAct> = self.rounds.iter().flat_map(|round| &round.server).collect();
        let wire = |is: fn(&Fault) -> bool| acts.iter().any(|act| matches!(act, Act::Wire(fault) if is(fault)));
        let killed =
            |op_is: fn(&Op) -> bool| acts.iter().any(|act| matches!(act, Act::Do { op, kill: Some(_) } if op_is(op)));
        small.into_iter().any(|act| *act == Act::FillDisk)
            && self.seed.is_multiple_of(2)
            && [ServerAct::Copy, ServerAct::Restore, ServerAct::FillDisk].iter().all(|act| server.contains(&act))
            && server.iter().any(|act| matches!(act, ServerAct::Kill(_)))
            && wire(|f| matches!(f, Fault::Cut { .. }))
            && wire(|f| matches!(f, Fault::Hold { .. }))
            && wire(|f| *f == Fault::Refuse)
            && killed(|op| *op == Op::Sync)
            && killed(|op| *op != Op::Sync)
            && acts.iter().any(|act| matches!(act, Act::Do { op: Op::Resolve { .. }, .. }))
    }
}

/// What one person does in a round: a few things in bad weather, then a sync.
fn person(rng: &mut TestRng, quarrel: Option<Op>) -> Vec<Act> {
    let mut acts = vec![Act::Wire(weather(rng))];
    let fills = rng.chance(15);
    let things = 2 + rng.below(2);
    for n in 0..things {
        if fills && n + 1 == things {
            acts.push(Act::FillDisk);
        }
        let op = quarrel.filter(|_| n == 0).unwrap_or_else(|| op(rng));
        // A quarrel comes to pass: killed, it would be none.
        let begins = quarrel.is_some() && n == 0;
        let kill = (rng.chance(25) && !begins).then(|| Kill::After(ms(rng, 700)));
        acts.push(Act::Do { op, kill });
    }
    if fills && rng.chance(50) {
        acts.push(Act::Do { op: Op::Sync, kill: None });
    }
    if fills {
        acts.push(Act::EmptyDisk);
    }
    let kill = rng.chance(45).then(|| {
        if rng.chance(30) {
            Kill::After(ms(rng, 1_500))
        } else {
            Kill::AtByte { way: way(rng), byte: byte(rng), then: Duration::from_micros(rng.below(60_000) as u64) }
        }
    });
    acts.push(Act::Do { op: Op::Sync, kill });
    if rng.chance(80) {
        acts.push(Act::Do { op: Op::Sync, kill: None });
    }
    acts
}

fn weather(rng: &mut TestRng) -> Fault {
    match rng.below(12) {
        0 => Fault::Refuse,
        1 => Fault::Delay(ms(rng, 150)),
        2 => Fault::Throttle(4_000 + rng.below(60_000) as u32),
        3..=5 => Fault::Cut { way: way(rng), after: byte(rng) },
        6 | 7 => {
            let for_ = Duration::from_millis(200 + rng.below(2_500) as u64);
            Fault::Hold { way: way(rng), after: byte(rng), for_, lost: rng.chance(60) }
        }
        8 => Fault::Twice,
        _ => Fault::None,
    }
}

fn op(rng: &mut TestRng) -> Op {
    let note = rng.next_u64();
    let bytes = |rng: &mut TestRng| if rng.chance(15) { 20_000 + rng.below(120_000) } else { 20 + rng.below(1_500) };
    match rng.below(20) {
        0..=4 => Op::Add { bytes: bytes(rng) },
        5..=7 => Op::Line { note, at: rng.next_u64(), bytes: bytes(rng) / 4 },
        8..=11 => Op::More { note, at: rng.next_u64() },
        12 => Op::Remove { note, at: rng.next_u64() },
        13 | 14 => Op::Field { note, which: rng.next_u64() },
        15 => Op::Trash { note },
        16 => Op::Restore { note },
        17 => Op::Import { files: 3 + rng.below(12) },
        _ => Op::Resolve { note },
    }
}

fn server(rng: &mut TestRng, round: usize) -> Vec<ServerAct> {
    let mut acts = vec![ServerAct::Wait(ms(rng, 2_000))];
    // A copy first, so that there is something to go back to.
    match if round == 0 { 0 } else { rng.below(10) } {
        0 => acts.push(ServerAct::Copy),
        1..=3 => {
            for _ in 0..=rng.below(2) {
                acts.push(ServerAct::Kill(ms(rng, 1_200)));
                acts.push(ServerAct::Wait(ms(rng, 1_500)));
            }
        }
        4 => acts.push(ServerAct::Restore),
        5 => {
            acts.push(ServerAct::FillDisk);
            acts.push(ServerAct::Wait(Duration::from_millis(500 + rng.below(2_000) as u64)));
            if rng.chance(40) {
                acts.push(ServerAct::Kill(ms(rng, 300)));
            }
            acts.push(ServerAct::EmptyDisk);
        }
        _ => {}
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { computers: 3, rounds: 12 };

    #[test]
    fn a_seed_is_a_plan() {
        assert_eq!(Plan::new(7, SIZES), Plan::new(7, SIZES));
        assert_ne!(Plan::new(7, SIZES).rounds, Plan::new(8, SIZES).rounds);
    }

    #[test]
    fn every_kind_of_bad_luck_is_in_some_plan_of_a_few() {
        let plans: Vec<Plan> = (0..10).map(|seed| Plan::new(seed, SIZES)).collect();
        let acts: Vec<Act> = plans.iter().flat_map(|p| &p.rounds).flat_map(|r| r.computers.concat()).collect();
        let server: Vec<ServerAct> = plans.iter().flat_map(|p| &p.rounds).flat_map(|r| r.server.clone()).collect();
        let wires: [fn(&Fault) -> bool; 6] = [
            |f| *f == Fault::Refuse,
            |f| matches!(f, Fault::Delay(_)),
            |f| matches!(f, Fault::Throttle(_)),
            |f| matches!(f, Fault::Cut { .. }),
            |f| matches!(f, Fault::Hold { .. }),
            |f| *f == Fault::Twice,
        ];
        for (n, is) in wires.iter().enumerate() {
            assert!(acts.iter().any(|a| matches!(a, Act::Wire(fault) if is(fault))), "fault {n}");
        }
        let kills: Vec<Kill> =
            acts.iter().filter_map(|a| if let Act::Do { kill, .. } = a { *kill } else { None }).collect();
        assert!(kills.iter().any(|k| matches!(k, Kill::After(_))));
        assert!(kills.iter().any(|k| matches!(k, Kill::AtByte { .. })));
        assert!(acts.contains(&Act::FillDisk));
        let is = |wanted: fn(&ServerAct) -> bool| server.iter().any(wanted);
        assert!(is(|a| matches!(a, ServerAct::Kill(_))) && server.contains(&ServerAct::Copy));
        assert!(server.contains(&ServerAct::Restore) && server.contains(&ServerAct::FillDisk));
        // A disk that was filled is emptied in the same round.
        for round in plans.iter().flat_map(|p| &p.rounds) {
            for acts in &round.computers {
                let last = acts.iter().rfind(|a| matches!(a, Act::FillDisk | Act::EmptyDisk));
                assert_ne!(last, Some(&Act::FillDisk));
            }
        }
    }
}
