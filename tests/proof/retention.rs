//! What is removed because it is old, and what stands for it.

use super::*;

/// A journal of which the first block is removed, as the background work does it: a grant from before that is over, one whose end is
/// kept, and one in force that began later.
pub(super) fn shortened(world: &World) -> (Host, GrantId) {
    let days = ", keep_days: 92";
    let host = world.open_with(days);
    let spanning = grant(&host, "spanning");
    live(&host, 70);
    host.workflow().execute(&caller("spanning", &[]), Release::new(spanning), None).unwrap();
    for _ in 0..10 {
        world.clock.advance(10 * 86_400_000);
        host.reconciler().tick().unwrap();
    }
    host.keeper().advance().unwrap();
    assert_eq!(host.keeper().remove_old().unwrap(), Some(Revision(4_096)));
    assert_eq!(host.keeper().remove_old().unwrap(), None);
    (host, spanning)
}

#[test]
fn old_records_go_and_a_checkpoint_stands_for_them() {
    let world = World::new();
    let (host, spanning) = shortened(&world);
    let removed = host.workflow().removed().unwrap().unwrap();
    host.keeper().verify_all().unwrap();
    let last = host.keeper().advance().unwrap().unwrap();
    assert!(host.engine().integrity().problem.is_none() && last.size >= removed.recorded);

    // Who reads is told.
    let workflow = host.workflow();
    let run = |body: &str| command::run(workflow, body).unwrap();
    let lead = r#""caller": {"principal": "lead@example.com", "roles": ["lead"]}"#;
    let page: Value =
        serde_json::from_str(&run(&format!(r#"{{"command": "audit", "limit": 2, "order": "oldest", {lead}}}"#)))
            .unwrap();
    assert_eq!(
        (&page["items"][0]["revision"], &page["removed_until"]),
        (&json!(4_097), &json!(removed.until.to_string()))
    );
    let story: Value =
        serde_json::from_str(&run(&format!(r#"{{"command": "story", "grant": "{spanning}", {lead}}}"#))).unwrap();
    assert_eq!(story["removed_until"], json!(removed.until.to_string()));
    assert!(story["items"].as_array().unwrap().iter().any(|record| record["event"] == "grant_released"), "{story}");
    let told: Value =
        serde_json::from_str(&run(&format!(r#"{{"command": "audit", "event": "records_removed", {lead}}}"#))).unwrap();
    assert_eq!(told["items"][0]["by"], "rule:retention");
    for list in ["grants", "requests", "events", "alerts"] {
        run(&format!(r#"{{"command": "{list}", {lead}}}"#));
    }
    assert_eq!(told["items"][0]["data"]["rule"], "journal.keep_days: 92");
    let early = Timestamp::from_millis(removed.complete_from.millis() - 1).unwrap();
    let asked = WhatCould::new(Principal::user("spanning@example.com").unwrap(), early);
    let error = workflow.what_could(&self::lead(), &asked).unwrap_err().to_string();
    assert!(error.contains(&removed.complete_from.to_string()), "{error}");
    let later = WhatCould::new(Principal::user("spanning@example.com").unwrap(), removed.complete_from);
    assert!(workflow.what_could(&self::lead(), &later).unwrap().items.is_empty());

    // An export from the beginning says so first, one that goes on does not; and it is no record.
    let exported_as = |form: &str, more: &str| {
        let text = run(&format!(r#"{{"command": "export", "format": "{form}"{more}, {lead}}}"#));
        serde_json::from_str::<String>(&text).unwrap()
    };
    let header = |form: &str| exported_as(form, "").lines().nth(usize::from(form == "csv")).unwrap().to_owned();
    let first: Value = serde_json::from_str(&header("jsonl")).unwrap();
    let gone = &first["removed"];
    assert_eq!((&gone["first"], &gone["last"]), (&json!(1), &json!(4_096)));
    assert_eq!((&gone["hash"], &gone["root"]), (&json!(removed.hash.to_string()), &json!(removed.root.to_string())));
    assert_eq!(gone["until"], json!(removed.until.to_string()));
    let note = gone["checkpoint"].as_str().unwrap();
    assert!(
        note.lines().nth(1).unwrap().parse::<u64>().unwrap() >= 4_096 && note.parse::<SignedNote>().is_ok(),
        "{note}"
    );
    let event: Value = serde_json::from_str(&header("ocsf")).unwrap();
    assert_eq!((&event["metadata"]["sequence"], &event["unmapped"]["removed"]), (&json!(4_096), gone));
    assert!(header("csv").starts_with("1-4096,"), "{}", header("csv"));
    for form in ["jsonl", "csv", "ocsf"] {
        let later = exported_as(form, r#", "after": 4096"#);
        assert!(!later.contains("1-4096") && !later.starts_with(r#"{"removed""#), "{later:.300}");
    }

    // Evidence of a period that began before says so, in each form.
    let now = host.engine().now();
    let period = GetEvidence::default().from(Timestamp::EPOCH).until(now);
    for form in [EvidenceForm::Json, EvidenceForm::Csv, EvidenceForm::Html] {
        let text = workflow.evidence(&self::lead(), &period.clone().form(form)).unwrap();
        assert!(text.contains(&removed.root.to_string()), "{text:.2000}");
    }
    let after = GetEvidence::default().from(removed.complete_from).until(now).form(EvidenceForm::Json);
    let text = workflow.evidence(&self::lead(), &after).unwrap();
    assert!(!text.contains(r#""removed":{"#) && text.contains(r#""whole":true"#), "{text:.2000}");

    // What is kept is proven against every checkpoint, and what is gone is said to be gone.
    for record in [4_097, 4_200, last.size.0] {
        let proof: Value =
            serde_json::from_str(&workflow.proof(&self::lead(), &GetProof::default().record(record)).unwrap()).unwrap();
        let path: Vec<Hash> =
            proof["inclusion"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect();
        assert!(is_included(&leaf(proof["body"].as_str().unwrap()), record - 1, last.size.0, &path, &last.root));
    }
    let gone = workflow.proof(&self::lead(), &GetProof::default().record(4_096)).unwrap_err().to_string();
    assert!(gone.contains("a record after 4096; older ones were removed"), "{gone}");

    // Plain Python does not need them, and takes nothing else for a removal.
    let checkpoint = world.copies().join("newest.checkpoint");
    let lines = exported(&host);
    let (content, said) = example(&world, &lines.join("\n"), &checkpoint, None);
    assert!(content && said.contains("the first 4096 were removed"), "{said}");
    let (content, said) = example(&world, &lines[1..].join("\n"), &checkpoint, None);
    assert!(!content && said.contains("records 1 to 4097 are missing, and no record says"), "{said}");
    let forged = lines.join("\n").replace(&removed.hash.to_string(), &"0".repeat(64));
    assert!(!example(&world, &forged, &checkpoint, None).0);

    // The next start knows it too.
    drop(host);
    let host = world.open();
    host.keeper().advance().unwrap();
    host.keeper().verify_all().unwrap();
    assert!(!host.workflow().health(&self::lead()).unwrap().store.replaced);
    let verified = host.workflow().verify_with(&Verification::default(), &mut ()).unwrap();
    assert_eq!(verified.head.removed, Some(removed));
}

#[test]
fn what_is_no_retention_is_told_apart_from_it() {
    let (cut, head) = ("DELETE FROM journal WHERE revision <= ?1", "UPDATE head SET removed = 4200");
    let triggers = ["journal_is_not_shortened", "packs_are_not_removed", "packs_only_grow", "journal_is_not_rewritten"];
    let whole = World::new();
    drop(shortened(&whole));
    for (what, expected) in [
        // Cut by hand, before anything was removed and after it, with and without a head that says so.
        ("cut", "the journal breaks at record 1: it is missing"),
        ("cut more", "the journal breaks at record 4097: it is missing"),
        ("cut and say so", "the roots that stand for the removed records are not those that were written down"),
        ("the sum is another", "the head is not what the journal says"),
        ("not removed", "the journal breaks at record 1: it is missing"),
        ("in force", "which is removed"),
        ("roots", "the roots that stand for the removed records are not those that were written down"),
        ("no checkpoint", "no checkpoint covers record 4096"),
    ] {
        let world = World::new();
        if what == "cut" {
            let host = world.open();
            live(&host, 6);
            host.keeper().advance().unwrap();
        } else {
            for file in ["jit.db", "jit.db-key", "jit.db-keys"] {
                std::fs::copy(whole.folder.path().join(file), world.folder.path().join(file)).unwrap();
            }
            world.clock.advance(100 * 86_400_000);
        }
        let raw = Connection::open(world.path()).unwrap();
        raw.pragma_update(None, "foreign_keys", false).unwrap();
        triggers.iter().for_each(|name| raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        match what {
            "cut" => {
                raw.execute(cut, [50]).unwrap();
                raw.execute("DELETE FROM packs WHERE first <= 50", []).unwrap();
            }
            "cut more" | "cut and say so" => {
                raw.execute(cut, [4_200]).unwrap();
                raw.execute("DELETE FROM packs WHERE first <= 4200", []).unwrap();
                if what == "cut and say so" {
                    let first: i64 = raw
                        .query_row(
                            "SELECT min(r) FROM (SELECT min(revision) AS r FROM journal UNION ALL SELECT min(first) FROM packs)",
                            [],
                            |row| row.get(0),
                        )
                        .unwrap();
                    raw.execute(head, []).unwrap();
                    raw.execute("UPDATE head SET removed = ?", [first - 1]).unwrap();
                }
            }
            "the sum is another" => {
                raw.execute("UPDATE head SET complete_from = complete_from - 1", []).unwrap();
            }
            "not removed" => {
                raw.execute_batch(
                    "UPDATE head SET removed = NULL, removed_hash = NULL, removed_root = NULL, removed_until = NULL,
                         complete_from = NULL, removal = NULL",
                )
                .unwrap();
            }
            "in force" => {
                assert_eq!(
                    raw.execute(
                        "UPDATE grants SET state = 'open' WHERE created = (SELECT min(created) FROM grants)",
                        []
                    )
                    .unwrap(),
                    1
                );
            }
            "roots" => {
                raw.execute("UPDATE tiles SET root = ?1 WHERE tile = 3", ["0".repeat(64)]).unwrap();
            }
            _ => {
                raw.execute("DELETE FROM checkpoints WHERE size >= 4096", []).unwrap();
            }
        }
        drop(raw);
        for file in ["jit.db-seen", "jit.db-checkpoint"] {
            let _ = std::fs::remove_file(world.folder.path().join(file));
        }
        let _ = std::fs::remove_file(world.copies().join("newest.checkpoint"));
        let host = world.open();
        let error = host.keeper().verify_all().unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
        assert!(host.engine().integrity().elevation_stopped, "{what}");
    }
}

#[test]
fn an_older_copy_is_no_retention() {
    let world = World::new();
    let host = world.open();
    live(&host, 6);
    host.keeper().advance().unwrap();
    drop(host);
    let copy = world.folder.path().join("copy.db");
    std::fs::copy(world.path(), &copy).unwrap();
    drop(shortened(&world));
    std::fs::copy(&copy, world.path()).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(world.folder.path().join(format!("jit.db{suffix}")));
    }
    let error = found_at_start(&world);
    assert!(error.contains("it ends at record"), "{error}");
}
