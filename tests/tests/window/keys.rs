//! Key chords as people write them: `Ctrl+Shift+F`, `Alt+Down`, `Escape`, `?`.

use anyhow::{Context as _, bail};
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;

/// Presses the keys in order, and lets go of them in reverse.
pub fn chord(written: &str) -> anyhow::Result<KeyActions> {
    let keys: Vec<char> = parts(written).into_iter().map(key).collect::<anyhow::Result<_>>()?;
    let mut actions = KeyActions::new("keyboard".into());
    for value in &keys {
        actions = actions.then(KeyAction::Down { value: *value });
    }
    for value in keys.iter().rev() {
        actions = actions.then(KeyAction::Up { value: *value });
    }
    Ok(actions)
}

/// `Ctrl++` is Ctrl and +.
fn parts(written: &str) -> Vec<&str> {
    match written.strip_suffix("++") {
        Some(before) => before.split('+').chain(["+"]).collect(),
        None if written == "+" => vec!["+"],
        None => written.split('+').collect(),
    }
}

fn key(name: &str) -> anyhow::Result<char> {
    let key = match name {
        "Ctrl" => Key::Control,
        "Shift" => Key::Shift,
        "Alt" => Key::Alt,
        "Enter" => Key::Enter,
        "Escape" => Key::Escape,
        "Tab" => Key::Tab,
        "Space" => return Ok(' '),
        "Backspace" => Key::Backspace,
        "Delete" => Key::Delete,
        "Home" => Key::Home,
        "End" => Key::End,
        "PageUp" => Key::PageUp,
        "PageDown" => Key::PageDown,
        "Left" => Key::Left,
        "Right" => Key::Right,
        "Up" => Key::Up,
        "Down" => Key::Down,
        "F1" => Key::F1,
        "F2" => Key::F2,
        "F5" => Key::F5,
        single => {
            let mut characters = single.chars();
            let first = characters.next().context("A chord has an empty part.")?;
            if characters.next().is_some() {
                bail!("\"{single}\" is no key that these tests know; add it to keys.rs.");
            }
            // A chord names the key by its capital, and pressing it gives the small letter.
            return Ok(first.to_ascii_lowercase());
        }
    };
    Ok(key.into())
}
