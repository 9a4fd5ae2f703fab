//! The use cases over real SQLCipher files and the real server, through the public interface.
#![allow(clippy::unwrap_used, clippy::format_collect, clippy::type_complexity, clippy::many_single_char_names)]

mod aside;
mod attachments;
mod backups;
mod chunks;
mod clones;
mod cycles;
mod deltas;
mod digests;
mod faults;
mod first_sync;
mod forks;
mod full_disk;
mod history;
mod hostile;
mod https;
mod joining;
mod late;
mod live;
mod notebooks;
mod notes;
mod packs;
mod passphrases;
mod plan;
mod quarantine;
mod receipts;
mod releases;
mod removals;
mod restore;
mod reviews;
mod strays;
mod syncing;
mod tripwire;
mod upgrade;
mod vault;
mod writers;
