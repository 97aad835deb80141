-- What a notice says is kept in less room: `press.rs` says how. Notices that are there stay as they are until they go.

-- Instead of `body`, which is empty then.
ALTER TABLE notices ADD COLUMN pressed BLOB CHECK (pressed IS NULL OR body = '');
