//! Whether the recipes of ARCHITECTURE.md name places that are there, and not more of them than promised.

use std::fs;

use crate::sources::root;

/// The recipes, how many places each may name, and the file that is new in its example.
const RECIPES: [(&str, usize, Option<&str>); 2] =
    [("How to add a field", 4, None), ("How to add a command", 6, Some("src/command/annotate.rs"))];

#[test]
fn recipes_name_few_places_and_all_are_there() {
    let Ok(page) = fs::read_to_string(root().join("ARCHITECTURE.md")) else {
        eprintln!("SKIPPED: the published package has no ARCHITECTURE.md");
        return;
    };
    for (title, most, new) in RECIPES {
        let (_, after) = page.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no recipe: {title}"));
        let recipe = after.split("\n## ").next().unwrap();
        let rows = recipe.lines().filter(|line| line.starts_with("| ") && line.contains(". `"));
        let places: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
        assert!((1..=most).contains(&places.len()), "{title}: {places:?}");
        for place in places {
            let is_new = new == Some(place);
            assert!(is_new != root().join(place).exists(), "{title}: {place} is not as the recipe says");
        }
    }
}
