//! `notebook`: the tree.

use holdfast_notebook::{NotebookNode, Vault, fold_name};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{NotebookCommand, Switch};
use crate::failure::Failure;
use crate::output::Answer;
use crate::session::Place;
use crate::shapes::{count, lines, one_line};

pub fn run(place: &Place, command: NotebookCommand) -> Outcome {
    place.with_vault(|vault| match command {
        NotebookCommand::List => list(vault),
        NotebookCommand::Add { path } => {
            let id = vault.ensure_notebook(trimmed(&path))?.to_string();
            Ok(Answer::new(json!({ "id": id }), id))
        }
        NotebookCommand::Rename { path, name } => rename(vault, trimmed(&path), &name),
        NotebookCommand::Move { path, parent } => to_parent(vault, trimmed(&path), trimmed(&parent)),
        NotebookCommand::KeepOffline { path, value } => {
            let kept = matches!(value, Switch::On);
            vault.set_kept_offline(vault.notebook_by_path(trimmed(&path))?, kept)?;
            Ok(Answer::done(if kept {
                "Kept offline: all files in it come with the next sync."
            } else {
                "Large files in it come when they are opened. What is here stays."
            }))
        }
        NotebookCommand::Trash { path } => {
            let notes = vault.trash_notebook(vault.notebook_by_path(trimmed(&path))?)?;
            let text = format!("The notebook is in the trash, with {}.", count(notes.into(), "note"));
            Ok(Answer::new(json!({ "ok": true, "notes": notes }), text))
        }
    })
}

fn trimmed(path: &str) -> &str {
    path.trim().trim_matches('/')
}

fn list(vault: &Vault) -> Outcome {
    let (tree, kept) = (vault.notebook_tree()?, vault.kept_offline()?);
    let json = tree.iter().map(|n| {
        json!({
            "id": n.id.to_string(),
            "name": n.name,
            "path": n.path.join("/"),
            "notes": n.notes,
            "kept_offline": kept.contains(&n.id),
        })
    });
    let line = |n: &NotebookNode| {
        let offline = if kept.contains(&n.id) { ", kept offline" } else { "" };
        format!("{}  ({}{offline})", one_line(&n.path.join("/")), count(n.notes.into(), "note"))
    };
    let text: Vec<String> = tree.iter().map(line).collect();
    Ok(Answer::new(Value::Array(json.collect()), lines(&text, "There are no notebooks.")))
}

fn node<'t>(tree: &'t [NotebookNode], vault: &Vault, path: &str) -> Outcome<&'t NotebookNode> {
    let id = vault.notebook_by_path(path)?;
    let node = tree.iter().find(|n| n.id == id);
    node.ok_or_else(|| Failure::said(format!("There is no notebook {path}.")))
}

/// Two siblings of one name would show as one.
fn check_free(tree: &[NotebookNode], node: &NotebookNode, parent: Option<&NotebookNode>, name: &str) -> Outcome<()> {
    let taken = |other: &&NotebookNode| {
        other.id != node.id && other.parent == parent.map(|p| p.id) && fold_name(&other.name) == fold_name(name)
    };
    match tree.iter().find(taken) {
        Some(other) => Err(Failure::said(format!("There is a notebook {} already.", other.path.join("/")))),
        None => Ok(()),
    }
}

fn rename(vault: &Vault, path: &str, name: &str) -> Outcome {
    if name.contains('/') {
        return Err(Failure::said("A notebook's name cannot hold a slash: it stands between the names of a path."));
    }
    let tree = vault.notebook_tree()?;
    let node = node(&tree, vault, path)?;
    check_free(&tree, node, tree.iter().find(|n| Some(n.id) == node.parent), name)?;
    vault.rename_notebook(node.id, name)?;
    Ok(Answer::done("Renamed."))
}

fn to_parent(vault: &Vault, path: &str, parent: &str) -> Outcome {
    let tree = vault.notebook_tree()?;
    let node = node(&tree, vault, path)?;
    let parent = if parent.is_empty() { None } else { Some(self::node(&tree, vault, parent)?) };
    check_free(&tree, node, parent, &node.name)?;
    vault.move_notebook(node.id, parent.map(|p| p.id))?;
    Ok(Answer::done("Moved."))
}
