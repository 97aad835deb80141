//! Does a store come whole from SQLite to PostgreSQL and back?

use jit_access::model::{GrantId, Revision, Secret};
use jit_access::store::conformance::world::{at, cast, granted, submit, used};
use jit_access::store::{
    Batch, KeptCheckpoint, Message, PostgresStore, RecordQuery, SqliteOptions, SqliteStore, Store, copy,
};

use super::server;
use super::{fresh_schema, patient};

fn records(store: &dyn Store) -> Vec<(String, String)> {
    let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap();
    records.into_iter().map(|record| (record.hash.to_string(), record.body)).collect()
}

#[test]
fn a_store_goes_to_postgresql_and_back_whole() {
    let Some(server) = server::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| SqliteStore::open(folder.path().join(name), SqliteOptions::default()).unwrap();
    let one = file("one.db");
    for number in 1..=40_u8 {
        let then = i64::from(number) * 100;
        granted(&one, number.into(), at(then));
        let grant = GrantId::from_u128(number.into());
        let events = (0..number).map(|more| used(grant, at(then + i64::from(more)))).collect();
        one.commit(&Batch { events, ..Batch::default() }).unwrap();
    }
    one.commit(&Batch { events: submit(&cast()[1], 900, at(10_000)), ..Batch::default() }).unwrap();
    let later = Message { due: Some(at(5_000_000)), ..Message::new("grant_ends", "{}") };
    one.commit(&Batch { outbox: vec![Message::new("grant_revoked", "{}"), later], ..Batch::default() }).unwrap();
    let head = one.head().unwrap();
    let tiles: Vec<_> = (0..head.revision.0 / 256).map(|number| (number, head.hash)).collect();
    let checkpoint =
        KeptCheckpoint { size: head.revision, head: head.hash, root: head.hash, at: at(10_000), note: "signed".into() };
    one.keep_checkpoint(&checkpoint, &tiles).unwrap();
    one.secret("links", &Secret::new("kept")).unwrap();
    let before = records(&one);

    let schema = fresh_schema();
    let two = PostgresStore::open(server.url(), patient(&schema)).unwrap();
    let copied = copy(&one, &two, at(20_000), &mut ()).unwrap();
    assert_eq!((copied.revision, copied.hash), (head.revision, head.hash));
    assert_eq!((copied.checkpoints, copied.notices), (1, 2));
    assert_eq!(records(&two), before, "each record with its text and its hash");
    assert_eq!(two.last_checkpoint().unwrap(), Some(checkpoint.clone()));
    assert_eq!(two.tiles(0, 100).unwrap().len(), tiles.len());
    assert_eq!(two.secrets().unwrap(), [("links".to_owned(), Secret::new("kept"))]);
    assert_eq!(two.waiting_notices(at(20_000)).unwrap(), 1, "one of them is due later");
    assert_eq!(two.waiting_notices(at(9_000_000)).unwrap(), 2);
    assert_eq!(one.waiting_notices(at(9_000_000)).unwrap(), 0, "only one of the stores tells them");
    let again = copy(&one, &two, at(20_000), &mut ()).unwrap();
    assert_eq!((again.revision, again.notices), (head.revision, 0), "it is done already");

    let three = file("three.db");
    let back = copy(&two, &three, at(20_000), &mut ()).unwrap();
    assert_eq!((back.revision, back.hash, back.notices), (head.revision, head.hash, 2));
    assert_eq!(records(&three), before);
    assert_eq!(three.verify().unwrap(), head.revision.0);
    assert_ne!(three.head().unwrap().lineage, head.lineage);

    // What holds something else is left as it is, and a copy that was interrupted goes on.
    let other = file("other.db");
    granted(&other, 7, at(0));
    let error = copy(&one, &other, at(20_000), &mut ()).unwrap_err();
    assert!(format!("{error:?}").contains("another journal"), "{error:?}");
    granted(&one, 950, at(30_000));
    let more = copy(&one, &three, at(30_000), &mut ()).unwrap();
    assert_eq!((more.revision, records(&three)), (one.head().unwrap().revision, records(&one)));
}
