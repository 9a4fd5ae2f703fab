//! Notes of somebody who looks after pumps and roads, for pictures: a folder of Markdown to import.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// The note that two computers change.
pub const REVIEWED: &str = "Pump station 4, service plan";
/// The note that two computers change in different places.
pub const MERGED: &str = "Toolbox inventory";
/// The note that is open in pictures.
pub const OPEN: &str = "North road survey";

/// Writes the folder.
pub fn write(folder: &Path) -> anyhow::Result<()> {
    for (path, text) in NOTES {
        let path = folder.join(path);
        let parent = path.parent().context("A sample has no folder.")?;
        fs::create_dir_all(parent)?;
        fs::write(&path, text).with_context(|| format!("{} could not be written.", path.display()))?;
    }
    Ok(())
}

const NOTES: [(&str, &str); 12] = [
    (
        "Field work/North road survey.md",
        "---\nupdated: 2026-11-19T16:20:00Z\ntags: [survey, roads]\ndue: 2027-03-12\n---\n# Findings\n\nThe **north end** is dry and carries trucks again. \
         The bridge holds; its second bearing wants a look before winter.\n\n## Culverts\n\n\
         - [x] Culvert 7: cleared in May\n- [x] Culvert 8: cracked collar, sealed\n- [ ] Culvert 9: photograph it at low water\n\n\
         > \"It never flooded before they moved the ditch.\" The owner of the mill\n\n\
         ## Next\n\nMeasure the slope between the culverts with the long level, then send the sheet to the office. \
         The numbers of last year are in [the register](https://example.org/register).\n\n```\nstation  height  fall\n7+200    41.32   -\n7+240    41.08   0.6 %\n```\n",
    ),
    (
        "Field work/Pump stations/Pump station 4, service plan.md",
        "---\nupdated: 2026-11-18T09:05:00Z\ntags: [pumps]\ndue: 2027-04-02\n---\nShut down both pumps before the valve is opened.\n\nThe spare seal lies in the \
         blue cabinet.\n\nCheck the oil after ten minutes.\n\nNote the pressure at the outlet.\n\nLock the gate, and call \
         the control room.\n",
    ),
    (
        "Field work/Pump stations/Pump station 6.md",
        "---\nupdated: 2026-11-12T14:40:00Z\ntags: [pumps]\n---\nNew impeller since October. Vibration is down to 2.1 mm/s; before it was 4.8.\n",
    ),
    (
        "Field work/Weather stations.md",
        "---\nupdated: 2026-11-05T08:15:00Z\ntags: [survey]\n---\nThree of four send. The one at the weir needs a battery.\n",
    ),
    (
        "Office/Invoice of the pump.md",
        "---\nupdated: 2026-11-17T11:30:00Z\ntags: [money]\ndue: 2027-02-26\n---\nPay it from the field account. The discount runs until the end of the month.\n",
    ),
    (
        "Office/Budget 2027.md",
        "---\nupdated: 2026-10-30T10:00:00Z\ntags: [money]\n---\n| Item | Planned | Spent |\n| --- | ---: | ---: |\n| Seals | 1,200 | 310 |\n| Roads | 18,000 | 4,420 |\n",
    ),
    (
        "Office/Meeting with the district.md",
        "---\nupdated: 2026-11-16T15:45:00Z\n---\nThey agree to the bypass, and want the survey in March.\n\n1. Send the survey\n2. Ask for the map of the cables\n",
    ),
    (
        "Workshop/Toolbox inventory.md",
        "---\nupdated: 2026-11-13T07:50:00Z\ntags: [tools]\n---\nTorque wrench: workshop wall.\n\nPipe cutter: truck 2.\n\nGrease gun: lent to the mill.\n\n\
         Long level: with the survey.\n\nLeak spray: two cans.\n",
    ),
    (
        "Workshop/Parts to order.md",
        "---\nupdated: 2026-11-14T17:10:00Z\ntags: [tools, pumps]\ndue: 2027-03-05\n---\n- [ ] Lip seals, 40 mm\n- [ ] Bearing 6204\n- [x] Hose clamps\n",
    ),
    (
        "Reading list.md",
        "---\nupdated: 2026-10-12T20:30:00Z\n---\n*The Soul of a New Machine*, then the chapter on bearings.\n",
    ),
    (
        "Recipe for the long shift.md",
        "---\nupdated: 2026-09-28T12:00:00Z\n---\nLentils, onions, a lemon. Keeps warm for six hours in the big flask.\n",
    ),
    (
        "Übung: Umlaute und 日本語.md",
        "---\nupdated: 2026-10-02T09:00:00Z\n---\nGrüße aus der Werkstatt. 点検は木曜日です。 Проверка насоса.\n",
    ),
];
