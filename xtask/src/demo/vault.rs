//! The vaults of the demo, made with the terminal program as anyone could.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::PASSPHRASE;
use crate::command;
use crate::place::Place;

const SITE_VISIT: &str = "\
Seal replaced on the east pump. Pressure holds at **4.1 bar** after the second cycle.

## To do before Friday

- [x] Order a second seal kit
- [ ] Ask the night shift about the 02:10 alarm

## What we saw

The bearing is fine. The housing has a hairline mark on the left side.
";

const OTHERS: [(&str, &str, &str); 4] = [
    (
        "Interview with the night shift",
        "Field work/Interviews",
        "Three people, forty minutes. They all mention the alarm at 02:10, and nobody had logged it.\n",
    ),
    ("Packing list, October trip", "Home", "- [x] Spare batteries\n- [ ] The small tripod\n- [ ] Rain cover\n"),
    (
        "Notes on Seeing Like a State",
        "Reading",
        "Legibility is the word to hold on to: what the map leaves out is what the people on the ground use.\n",
    ),
    (
        "Valve inventory",
        "Field work/Pump stations",
        "| Valve | Size | Last checked |\n|---|---|---|\n| V1 | 80 mm | March |\n| V2 | 50 mm | May |\n",
    ),
];

/// The terminal program on one vault.
struct Terminal<'a> {
    place: &'a Place,
    vault: PathBuf,
}

impl Terminal<'_> {
    fn run(&self, args: &[&str], input: &str) -> anyhow::Result<String> {
        let mut holdfast = Command::new(self.place.debug_program("holdfast"));
        holdfast.arg("--vault").arg(&self.vault).args(args).env("HOLDFAST_PASSPHRASE", PASSPHRASE);
        holdfast.env("HOLDFAST_NO_KEYCHAIN", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let shown = command::shown(&holdfast);
        let mut child = holdfast.spawn().with_context(|| format!("`{shown}` could not be started."))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).with_context(|| format!("`{shown}` took no input."))?;
        }
        let output = child.wait_with_output().with_context(|| format!("`{shown}` was lost."))?;
        if !output.status.success() {
            bail!("`{shown}` failed ({}).", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn add(&self, title: &str, notebook: &str, tag: &str, body: &str) -> anyhow::Result<String> {
        self.run(&["note", "add", "--title", title, "--notebook", notebook, "--tag", tag], body)
    }
}

/// Makes both vaults; answers with the folders of the laptop and of the office's computer.
pub fn prepare(place: &Place, dir: &Path, link: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
    let folders = (dir.join("laptop"), dir.join("office"));
    let laptop = Terminal { place, vault: folders.0.join("vault") };
    let office = Terminal { place, vault: folders.1.join("vault") };
    laptop.run(&["init", "--device-name", "This laptop"], "")?;
    let visit = laptop.add("Site visit: pump 4", "Field work/Pump stations", "maintenance", SITE_VISIT)?;
    let questions = laptop.add(
        "Questions for the council",
        "Field work",
        "follow-up",
        "Who signs for the emergency line?\n\nIs the 2019 survey still the one in force?\n",
    )?;
    for (title, notebook, body) in OTHERS {
        laptop.add(title, notebook, "demo", body)?;
    }
    laptop.run(&["account", "create", "--link", link, "--user", "demo"], "")?;
    laptop.run(&["sync"], "")?;
    office.run(&["account", "join", "--link", link, "--user", "demo", "--device-name", "Office PC"], "")?;
    office.run(&["sync"], "")?;

    let change = |device: &Terminal<'_>, bearing: &str| {
        let body = SITE_VISIT.replace("The bearing is fine.", bearing);
        device.run(&["note", "edit", &visit, "--body-file", "-"], &body)
    };
    change(&office, "The bearing is hot, 71 °C by the infrared gun, over the limit of 65 °C.")?;
    office.run(&["note", "edit", &visit, "--due", "2026-12-04"], "")?;
    office.run(&["note", "edit", &questions, "--title", "Questions for the council meeting"], "")?;
    change(&laptop, "The bearing is warm to the touch but within the maker's limits.")?;
    laptop.run(&["note", "edit", &visit, "--due", "2026-11-28"], "")?;
    laptop.run(&["note", "edit", &questions, "--title", "Questions for the mayor"], "")?;
    for device in [&office, &laptop, &office] {
        device.run(&["sync"], "")?;
    }
    Ok(folders)
}
