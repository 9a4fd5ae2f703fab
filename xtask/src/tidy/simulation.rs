//! No program is built with what the simulator needs: randomness that repeats, and bugs on demand.

use super::Finding;
use super::rules::{PATH, Rules};
use super::workspace::{Package, Workspace};

/// Only the simulator turns the feature on; in other packages it is a feature of the same name, which nothing else
/// turns on, and which alone brings the bugs.
pub fn check(rules: &Rules, workspace: &Workspace) -> Vec<Finding> {
    let rooms = workspace.rooms();
    let is_bugs = |name: &String| rooms.get(name.as_str()).is_some_and(|room| *room == rules.bugs());
    let mut findings = Vec::new();
    for package in workspace.packages.iter().filter(|package| !rules.simulates(&package.room)) {
        let feature = rules.simulation();
        if let Some((of, _)) =
            package.asked.iter().find(|(of, asked)| asked == feature && rooms.contains_key(of.as_str()))
        {
            findings.push(finding(package, &format!("asks {of} for the feature {feature}")));
        }
        let turned_on = |entry: &String| {
            entry == feature
                || entry.strip_suffix(feature).is_some_and(|of| of.ends_with('/'))
                || entry.strip_prefix("dep:").is_some_and(|of| is_bugs(&of.to_owned()))
        };
        let others = package.features.iter().filter(|(name, _)| *name != feature);
        if let Some((name, _)) = others.into_iter().find(|(_, entries)| entries.iter().any(turned_on)) {
            findings.push(finding(package, &format!("turns the feature {feature} on by another, {name}")));
        }
        if package.dependencies.iter().any(|name| is_bugs(name) && !package.optional.contains(name)) {
            findings.push(finding(package, "is always built with the deliberate bugs"));
        }
    }
    findings
}

fn finding(package: &Package, what: &str) -> Finding {
    let to_do = format!("only the simulator may ({PATH})");
    Finding::new(&package.manifest, 1, format!("{} {what}", package.room), to_do)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tidy::rules::sample;

    fn package(room: &str) -> Package {
        Package {
            name: format!("holdfast-{room}"),
            room: room.into(),
            manifest: format!("crates/{room}/Cargo.toml"),
            text: String::new(),
            dependencies: Vec::new(),
            optional: Vec::new(),
            asked: Vec::new(),
            features: BTreeMap::new(),
            test_targets: Vec::new(),
        }
    }

    fn found(high: Package) -> usize {
        let packages = vec![package("low"), package("bugs"), package("kit"), high];
        check(&sample(), &Workspace { packages }).len()
    }

    #[test]
    fn the_feature_is_turned_on_by_its_own_name_alone() {
        let entries = |entries: &[&str]| entries.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>();
        let with = |name: &str, list: &[&str]| {
            let features = BTreeMap::from([(name.to_owned(), entries(list))]);
            Package { features, ..package("high") }
        };
        assert_eq!(found(with("simulation", &["dep:holdfast-bugs", "holdfast-low/simulation"])), 0);
        assert_eq!(found(with("default", &["simulation"])), 1);
        assert_eq!(found(with("fast", &["holdfast-low/simulation"])), 1);
        assert_eq!(found(with("fast", &["dep:holdfast-bugs"])), 1);
    }

    #[test]
    fn nobody_but_the_simulator_asks_for_it() {
        let asked = vec![("holdfast-low".to_owned(), "simulation".to_owned())];
        assert_eq!(found(Package { asked: asked.clone(), ..package("high") }), 1);
        assert_eq!(found(Package { asked, ..package("kit") }), 0);
    }

    #[test]
    fn the_bugs_come_with_the_feature() {
        let dependencies = vec!["holdfast-bugs".to_owned()];
        assert_eq!(found(Package { dependencies: dependencies.clone(), ..package("high") }), 1);
        assert_eq!(found(Package { optional: dependencies.clone(), dependencies, ..package("high") }), 0);
    }
}
