//! Several devices of one person, and their server.

use std::fs;
use std::ops::{Index, IndexMut};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::server::read_files;
use crate::{MemoryKeychain, TestClock, TestDevice, TestServer};

/// The devices that a copied world can have.
const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// Devices by their names. The server's data and the vaults are gone with it.
pub struct World {
    pub clock: TestClock,
    pub devices: Vec<TestDevice>,
    pub server: TestServer,
    pub dir: TempDir,
}

/// An account with four devices that know of each other, made once a process: key derivation takes its time.
struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    keychain: MemoryKeychain,
}

static TEMPLATE: OnceLock<Template> = OnceLock::new();

fn template() -> &'static Template {
    TEMPLATE.get_or_init(|| {
        // A runtime of its own: whoever asks is inside another.
        let made = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(make_template())
        });
        made.join().unwrap()
    })
}

async fn make_template() -> Template {
    let dir = tempfile::tempdir().unwrap();
    let clock = TestClock::default();
    let server = TestServer::direct_on(&dir.path().join("server"), &clock);
    let keychain = MemoryKeychain::default();
    let mut devices = Vec::new();
    for name in NAMES {
        let device = if devices.is_empty() {
            let device = TestDevice::create(name, dir.path(), &clock, &server);
            device.create_account(&server).await.unwrap();
            device
        } else {
            TestDevice::join(name, dir.path(), &clock, &server).await.unwrap()
        };
        device.sync().await;
        device.vault().use_keychain(&keychain, true).unwrap();
        devices.push(device);
    }
    for device in &mut devices {
        device.sync().await;
        device.close();
    }
    drop((devices, server));
    let mut files = Vec::new();
    read_files(dir.path(), Path::new(""), &mut files);
    Template { files, keychain }
}

impl World {
    /// So many devices (at most four) of one account, all in step, with a server that is called directly. In memory
    /// where the system has a folder for that: waiting for a disk is most of what a small test does.
    pub fn of(devices: usize) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::copied(devices, dir.unwrap())
    }

    /// As [`World::of`], where the system puts temporary files: for what is large.
    pub fn on_disk(devices: usize) -> Self {
        Self::copied(devices, tempfile::tempdir().unwrap())
    }

    fn copied(devices: usize, dir: TempDir) -> Self {
        let template = template();
        for (path, bytes) in &template.files {
            let target = dir.path().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, bytes).unwrap();
        }
        let clock = TestClock::default();
        clock.advance(60_000);
        let server = TestServer::direct_on(&dir.path().join("server"), &clock);
        let keychain = template.keychain.fork();
        let open = |name: &&str| {
            let mut device = TestDevice::new(name, dir.path().join(name), &clock, &server);
            device.keychain = keychain.clone();
            device.reopen();
            device
        };
        let devices = NAMES[..devices].iter().map(open).collect();
        Self { clock, devices, server, dir }
    }

    /// Two fresh devices of one account over real HTTPS.
    pub async fn https_pair() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), TestClock::default());
        let server = TestServer::https(&clock).await;
        let a = TestDevice::create("A", dir.path(), &clock, &server);
        a.create_account(&server).await.unwrap();
        a.sync().await;
        let b = TestDevice::join("B", dir.path(), &clock, &server).await.unwrap();
        b.sync().await;
        a.sync().await;
        Self { clock, devices: vec![a, b], server, dir }
    }

    /// One fresh device without an account, and a server.
    pub fn alone() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), TestClock::default());
        let server = TestServer::direct(&clock);
        let a = TestDevice::create("A", dir.path(), &clock, &server);
        Self { clock, devices: vec![a], server, dir }
    }

    /// Each device in turn, twice: whatever anyone wrote is everywhere.
    pub async fn sync_all(&self) {
        for _ in 0..2 {
            for device in &self.devices {
                device.sync().await;
            }
        }
    }
}

impl Index<&str> for World {
    type Output = TestDevice;

    fn index(&self, name: &str) -> &TestDevice {
        self.devices.iter().find(|d| d.name == name).unwrap()
    }
}

impl IndexMut<&str> for World {
    fn index_mut(&mut self, name: &str) -> &mut TestDevice {
        self.devices.iter_mut().find(|d| d.name == name).unwrap()
    }
}
