//! The server's machine: the program, its disk, and a copy of its data.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use super::plan::ServerAct;
use super::report::{Report, Violation};
use crate::programs::{Server, free_port};
use crate::small_disk::{SOMEBODY_ELSE, SmallDisk, copy};

/// Of its disk: enough for all that a run writes.
const DISK_MIB: usize = 64;

pub struct Machine<'a> {
    server: Server,
    pub port: u16,
    listen: String,
    backup: PathBuf,
    /// `None` where this user may not mount one.
    disk: Option<SmallDisk>,
    full: bool,
    report: &'a Mutex<Report>,
}

impl<'a> Machine<'a> {
    pub fn start(folder: &Path, seed: u64, report: &'a Mutex<Report>) -> Result<Self, Violation> {
        let server = Server::kept(folder, "server");
        // Half of the runs have a disk that can be filled; the other half the machine's own.
        let disk = if seed.is_multiple_of(2) { SmallDisk::mount(server.data(), DISK_MIB) } else { None };
        let port = free_port();
        let backup = folder.join("server-copy");
        let listen = format!("127.0.0.1:{port}");
        let mut machine = Self { server, port, listen, backup, disk, full: false, report };
        machine.serve()?;
        Ok(machine)
    }

    pub fn link(&self) -> String {
        self.server.link.clone()
    }

    /// What it keeps and what it printed.
    pub fn folders(&self) -> [PathBuf; 1] {
        [self.server.root().to_owned()]
    }

    pub fn act(&mut self, acts: &[ServerAct]) -> Result<(), Violation> {
        for act in acts {
            match *act {
                ServerAct::Wait(time) => thread::sleep(time),
                ServerAct::Kill(away) => {
                    self.kill();
                    thread::sleep(away);
                    self.serve()?;
                }
                ServerAct::Copy => {
                    self.kill();
                    let _ = fs::remove_dir_all(&self.backup);
                    copy(&self.server.data(), &self.backup);
                    self.report.lock().unwrap().copies += 1;
                    self.serve()?;
                }
                ServerAct::Restore => {
                    self.kill();
                    empty(&self.server.data());
                    copy(&self.backup, &self.server.data());
                    self.report.lock().unwrap().restores += 1;
                    self.serve()?;
                }
                ServerAct::FillDisk => {
                    if let Some(disk) = &self.disk {
                        disk.fill();
                        self.full = true;
                        self.report.lock().unwrap().server_full_disks += 1;
                    }
                }
                ServerAct::EmptyDisk => {
                    self.room();
                }
            }
        }
        Ok(())
    }

    fn kill(&mut self) {
        self.server.kill();
        self.report.lock().unwrap().server_kills += 1;
    }

    fn room(&mut self) {
        if let Some(disk) = self.disk.as_ref().filter(|_| self.full) {
            disk.empty();
        }
        self.full = false;
    }

    /// It starts; on a full disk it may say that it cannot.
    fn serve(&mut self) -> Result<(), Violation> {
        if self.server.try_serve(&self.listen) {
            return Ok(());
        }
        if self.full {
            self.room();
            if self.server.try_serve(&self.listen) {
                return Ok(());
            }
        }
        Err(Violation::new("works", "the server does not start: see server/stderr.log"))
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        self.server.kill();
        if let Some(disk) = self.disk.take() {
            disk.leave();
        }
    }
}

fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(SOMEBODY_ELSE) {
            continue;
        }
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}
