//! Whether two files use each other, directly or through others.
//!
//! A circle cannot be read from one end. So in every folder the parts side by side (files, and folders with all that is in
//! them) use each other in one direction only, which leaves no circle among files of different parts either. A `mod.rs`
//! and the files of its folder are one part and may use each other; one that only hands a name on does not use it.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Crate, Module};

/// Where the crates' sources are.
const CRATES: &[&str] = &["src", "ffi/c/src", "ffi/python/src", "benches/src"];

#[test]
fn no_two_files_use_each_other() {
    let mut circles = String::new();
    for (folder, circle) in CRATES.iter().flat_map(|folder| circles_in(folder)) {
        circles += &format!("  {folder}: {}\n", circle.join(", "));
    }
    assert!(circles.is_empty(), "files that use each other:\n{circles}");
}

/// Every circle in a crate: the folder, and the parts of it that use each other.
fn circles_in(folder: &str) -> Vec<(String, Vec<String>)> {
    let all = Crate::read(folder);
    let uses = all.uses();
    let parents: BTreeSet<Module> = all.sources.iter().map(|source| above(&source.module)).collect();
    let mut found = Vec::new();
    for parent in parents {
        let part = |at: usize| {
            let module = &all.sources[at].module;
            (module.len() > parent.len() && module.starts_with(&parent)).then(|| module[parent.len()].clone())
        };
        let mut between: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (own, others) in uses.iter().enumerate() {
            let Some(own) = part(own) else { continue };
            let others = others.iter().filter_map(|other| part(*other)).filter(|other| *other != own);
            between.entry(own.clone()).or_default().extend(others);
        }
        let names: Vec<_> = between.keys().cloned().collect();
        let place = |name: &String| names.binary_search(name).unwrap();
        let edges: Vec<_> = between.values().map(|others| others.iter().map(place).collect()).collect();
        let shown = [&[folder.to_owned()], &parent[..]].concat().join("/");
        let members = circles(&edges).into_iter().map(|circle| circle.iter().map(|at| names[*at].clone()).collect());
        found.extend(members.map(|circle| (shown.clone(), circle)));
    }
    found
}

fn above(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// The sets of more than one member in which everyone reaches everyone.
fn circles(edges: &[BTreeSet<usize>]) -> BTreeSet<BTreeSet<usize>> {
    let reached: Vec<_> = (0..edges.len()).map(|from| reach(edges, from)).collect();
    let mutual = |one: usize| -> BTreeSet<usize> {
        reached[one].iter().copied().filter(|other| reached[*other].contains(&one)).collect()
    };
    (0..edges.len()).map(mutual).filter(|circle| circle.len() > 1).collect()
}

fn reach(edges: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<_> = edges[from].iter().copied().collect();
    while let Some(at) = next.pop() {
        if seen.insert(at) {
            next.extend(&edges[at]);
        }
    }
    seen
}

#[test]
fn a_circle_is_found() {
    let edges = [BTreeSet::from([1]), BTreeSet::from([2]), BTreeSet::from([0]), BTreeSet::from([0])];
    assert_eq!(circles(&edges), BTreeSet::from([BTreeSet::from([0, 1, 2])]));
}
