//! A wire between the computers and the server that stops after a chosen byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

#[derive(Default)]
struct State {
    up: u64,
    down: u64,
    stop: Option<(Way, u64)>,
    /// The chosen byte came, and nothing goes on until [`Wire::release`].
    stopped: bool,
    /// Every connection ends each time that so many bytes have passed, both ways together.
    breaks_every: Option<u64>,
    since_break: u64,
    breaks: u64,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
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
            for client in listener.incoming() {
                // A server that is down: the client sees a connection that ends.
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", server))) else { continue };
                for (from, to, way) in [(&client, &server, Way::Up), (&server, &client, Way::Down)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let shared = theirs.clone();
                    thread::spawn(move || shared.carry(from, to, way));
                }
            }
        });
        Self { shared, port }
    }

    /// Counts anew, and stops everything once so many bytes went this way.
    pub fn stop_after(&self, way: Way, bytes: u64) {
        *self.shared.state.lock().unwrap() = State { stop: Some((way, bytes)), ..State::default() };
    }

    /// Counts anew, and ends the connection under way each time that so many bytes have passed.
    pub fn break_every(&self, bytes: u64) {
        *self.shared.state.lock().unwrap() = State { breaks_every: Some(bytes), ..State::default() };
    }

    /// The bytes that went up and down, and how often it broke, since it began to count.
    pub fn passed(&self) -> (u64, u64, u64) {
        let state = self.shared.state.lock().unwrap();
        (state.up, state.down, state.breaks)
    }

    pub fn stopped(&self) -> bool {
        self.shared.state.lock().unwrap().stopped
    }

    /// Everything goes on, for good.
    pub fn release(&self) {
        let mut state = self.shared.state.lock().unwrap();
        (state.stop, state.stopped, state.breaks_every) = (None, false, None);
        self.shared.released.notify_all();
    }
}

impl Shared {
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, way: Way) {
        let mut part = [0; 16 * 1024];
        while let Ok(n @ 1..) = from.read(&mut part) {
            if self.breaks(n) {
                break;
            }
            let (now, later) = part[..n].split_at(self.allowed(way, n));
            if to.write_all(now).is_err() {
                break;
            }
            self.wait();
            if to.write_all(later).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Whether the connection ends before the next `n` bytes. They count as sent: who sent them does not know better.
    fn breaks(&self, n: usize) -> bool {
        let mut state = self.state.lock().unwrap();
        let Some(every) = state.breaks_every else { return false };
        state.since_break += n as u64;
        if state.since_break < every {
            return false;
        }
        state.since_break = 0;
        state.breaks += 1;
        state.up += n as u64;
        true
    }

    /// How many of the next `n` bytes may pass.
    fn allowed(&self, way: Way, n: usize) -> usize {
        let mut state = self.state.lock().unwrap();
        let count = if way == Way::Up { &mut state.up } else { &mut state.down };
        let before = *count;
        *count += n as u64;
        let reached = *count;
        match state.stop {
            Some((stopping, at)) if stopping == way && reached >= at => {
                state.stopped = true;
                (at.saturating_sub(before) as usize).min(n)
            }
            _ => n,
        }
    }

    fn wait(&self) {
        let state = self.state.lock().unwrap();
        drop(self.released.wait_while(state, |state| state.stopped).unwrap());
    }
}
