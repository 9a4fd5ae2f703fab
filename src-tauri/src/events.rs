//! What is pushed to the window.

use holdfast_ipc::dto::Event;
use serde::{Deserialize, Serialize};

/// The one event, under the name `holdfast`.
#[derive(Clone, Debug, Serialize, Deserialize, specta::Type, tauri_specta::Event)]
pub struct Holdfast(pub Event);
