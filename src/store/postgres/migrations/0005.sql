-- Which records were removed because they are old. Only those may be deleted; the head says so first. Rows can outlive the record
-- that made them, until the last record about them goes too, so they no longer refer to it.

ALTER TABLE head ADD COLUMN removed       bigint CHECK (removed BETWEEN 1 AND revision);
ALTER TABLE head ADD COLUMN removed_hash  text   CHECK ((removed IS NULL) = (removed_hash IS NULL));
ALTER TABLE head ADD COLUMN removed_root  text   CHECK ((removed IS NULL) = (removed_root IS NULL));
ALTER TABLE head ADD COLUMN removed_until bigint CHECK ((removed IS NULL) = (removed_until IS NULL));
ALTER TABLE head ADD COLUMN complete_from bigint CHECK ((removed IS NULL) = (complete_from IS NULL));
ALTER TABLE head ADD COLUMN removal       bigint CHECK ((removed IS NULL) = (removal IS NULL));

DROP TRIGGER journal_is_not_rewritten ON journal;
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_only_appended_to();
CREATE FUNCTION journal_is_not_shortened() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE up_to bigint; BEGIN
    EXECUTE format('SELECT coalesce(max(removed), 0) FROM %I.head', TG_TABLE_SCHEMA) INTO up_to;
    IF OLD.revision > up_to THEN RAISE EXCEPTION 'the journal is only appended to'; END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_not_shortened();

ALTER TABLE requests DROP CONSTRAINT requests_created_fkey;
ALTER TABLE grants DROP CONSTRAINT grants_created_fkey;
ALTER TABLE delegations DROP CONSTRAINT delegations_created_fkey;
