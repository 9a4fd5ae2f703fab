//! A wire between one computer and its server, with faults at chosen bytes: it stops, is cut, holds back one way, is
//! slow, refuses, or tries each connection twice. It carries TLS as it is and looks into nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// What is wrong with it. Bytes are counted from when it was said ([`Wire::set`]), over all connections together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Each new connection ends at once.
    Refuse,
    /// Each part of either way comes so much later.
    Delay(Duration),
    /// So many bytes a second, each way and connection.
    Throttle(u32),
    /// The connection that carries this byte is cut behind it; later ones are not.
    Cut { way: Way, after: u64 },
    /// From this byte on nothing goes this way for so long, while the other way goes on. What was held back then
    /// arrives late, or its connection ends.
    Hold { way: Way, after: u64, for_: Duration, lost: bool },
    /// Each connection is begun twice: the server sees another one with the same first bytes, which then ends.
    Twice,
    /// From this byte on nothing goes either way until [`Wire::release`].
    Stop { way: Way, after: u64 },
    /// The connection under way is cut each time that so many bytes have passed, both ways together.
    CutEvery(u64),
}

/// How often each fault befell something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Befell {
    pub refused: u64,
    pub delayed: u64,
    pub throttled: u64,
    pub cut: u64,
    pub held: u64,
    pub doubled: u64,
}

#[derive(Default)]
struct State {
    up: u64,
    down: u64,
    fault: Fault,
    /// Bytes since the last cut of [`Fault::CutEvery`].
    since_cut: u64,
    /// Since when nothing goes on, by the fault.
    since: Option<Instant>,
    befell: Befell,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Listens on a port of its own.
pub struct Wire {
    shared: Arc<Shared>,
    pub port: u16,
}

impl Wire {
    /// To a server on this port of this machine.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                theirs.accept(&client, server);
            }
        });
        Self { shared, port }
    }

    /// From now on this is wrong with it, and nothing that was before. What was held back goes on.
    pub fn set(&self, fault: Fault) {
        let mut state = self.shared.lock();
        (state.up, state.down, state.since_cut, state.fault, state.since) = (0, 0, 0, fault, None);
        self.shared.changed.notify_all();
    }

    /// Counts anew, and stops everything once so many bytes went this way.
    pub fn stop_after(&self, way: Way, bytes: u64) {
        self.set(Fault::Stop { way, after: bytes });
    }

    pub fn stopped(&self) -> bool {
        let state = self.shared.lock();
        matches!(state.fault, Fault::Stop { .. }) && state.since.is_some()
    }

    /// Everything goes on, for good.
    pub fn release(&self) {
        self.set(Fault::None);
    }

    /// The bytes that went up and down since it was last said what is wrong with it.
    pub fn passed(&self) -> (u64, u64) {
        let state = self.shared.lock();
        (state.up, state.down)
    }

    pub fn befell(&self) -> Befell {
        self.shared.lock().befell
    }
}

/// What becomes of the rest of a part.
#[derive(PartialEq, Eq)]
enum Rest {
    GoesOn,
    Ends,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A test that failed elsewhere leaves the wire as it is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, client: &TcpStream, server: u16) {
        let fault = self.lock().fault;
        if fault == Fault::Refuse {
            self.lock().befell.refused += 1;
            return;
        }
        // A server that is down: the client sees a connection that ends.
        let Ok(to_server) = TcpStream::connect(("127.0.0.1", server)) else { return };
        let again = (fault == Fault::Twice).then(|| TcpStream::connect(("127.0.0.1", server)).ok()).flatten();
        for (from, to, way) in [(client, &to_server, Way::Up), (&to_server, client, Way::Down)] {
            // A connection that ended in between has nothing to carry.
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
            let again = again.as_ref().filter(|_| way == Way::Up).and_then(|again| again.try_clone().ok());
            let shared = self.clone();
            thread::spawn(move || shared.carry(from, to, way, again));
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, way: Way, mut again: Option<TcpStream>) {
        let mut part = [0; 16 * 1024];
        while let Ok(n @ 1..) = from.read(&mut part) {
            if let Some(mut again) = again.take() {
                // That it has ended already is what it is there for.
                let _ = again.write_all(&part[..n]);
                let _ = again.shutdown(Shutdown::Both);
                self.lock().befell.doubled += 1;
            }
            if self.cuts(way, n) {
                break;
            }
            let (now, later) = part[..n].split_at(self.allowed(way, n));
            if self.slowly(&mut to, now).is_err() || self.wait(way) == Rest::Ends || to.write_all(later).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Writes at the speed of the wire.
    fn slowly(&self, to: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
        let fault = self.lock().fault;
        match fault {
            Fault::Delay(by) => {
                self.lock().befell.delayed += 1;
                thread::sleep(by);
                to.write_all(bytes)
            }
            Fault::Throttle(per_s) => {
                self.lock().befell.throttled += 1;
                for few in bytes.chunks((per_s as usize / 50).max(1)) {
                    to.write_all(few)?;
                    thread::sleep(Duration::from_secs_f64(few.len() as f64 / f64::from(per_s)));
                }
                Ok(())
            }
            _ => to.write_all(bytes),
        }
    }

    /// Whether the connection ends before the next `n` bytes. They count as sent: who sent them does not know better.
    fn cuts(&self, way: Way, n: usize) -> bool {
        let mut state = self.lock();
        let Fault::CutEvery(every) = state.fault else { return false };
        state.since_cut += n as u64;
        if state.since_cut < every {
            return false;
        }
        state.since_cut = 0;
        state.befell.cut += 1;
        *(if way == Way::Up { &mut state.up } else { &mut state.down }) += n as u64;
        true
    }

    /// How many of the next `n` bytes may pass.
    fn allowed(&self, way: Way, n: usize) -> usize {
        let mut state = self.lock();
        let count = if way == Way::Up { &mut state.up } else { &mut state.down };
        let before = *count;
        *count += n as u64;
        let reached = *count;
        match state.fault {
            Fault::Stop { way: at_way, after }
            | Fault::Cut { way: at_way, after }
            | Fault::Hold { way: at_way, after, .. }
                if at_way == way && reached >= after =>
            {
                state.since.get_or_insert_with(Instant::now);
                (after.saturating_sub(before) as usize).min(n)
            }
            _ => n,
        }
    }

    /// Waits as long as the fault says, where it has come to pass.
    fn wait(&self, way: Way) -> Rest {
        let mut state = self.lock();
        let mut held = None;
        loop {
            let Some(since) = state.since else {
                // What was held back is let go by whoever waited longest.
                return if held == Some(true) { Rest::Ends } else { Rest::GoesOn };
            };
            match state.fault {
                Fault::Stop { .. } => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Fault::Cut { way: at_way, .. } if at_way == way => {
                    state.befell.cut += 1;
                    (state.fault, state.since) = (Fault::None, None);
                    return Rest::Ends;
                }
                Fault::Hold { way: at_way, for_, lost, .. } if at_way == way => {
                    state.befell.held += u64::from(held.is_none());
                    held = Some(lost);
                    let left = for_.saturating_sub(since.elapsed());
                    if left.is_zero() {
                        (state.fault, state.since) = (Fault::None, None);
                        self.changed.notify_all();
                    } else {
                        state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                    }
                }
                _ => return Rest::GoesOn,
            }
        }
    }
}
