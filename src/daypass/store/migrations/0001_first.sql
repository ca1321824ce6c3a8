-- The directory, the trail's index and the facts that change with each call.
--
-- Every record stands under (kind, scope, name); what it points at stands in link, so that the question can be asked
-- backwards. Counts are kept by triggers, in the transaction of what they count.

CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY);

CREATE TABLE scope (
    id       TEXT    NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE record (
    kind      TEXT NOT NULL,
    scope     TEXT NOT NULL REFERENCES scope (id),
    name      TEXT NOT NULL,
    unique_id TEXT UNIQUE,
    path      TEXT,
    body      BLOB NOT NULL,
    PRIMARY KEY (kind, scope, name)
);

-- Ids of records that are gone: none of them may stand for anything again.
CREATE TABLE spent_id (unique_id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;

-- Every folder above a record but "/", so that a listing below a path pages without looking at the rest.
CREATE TABLE folder (
    kind  TEXT NOT NULL,
    scope TEXT NOT NULL,
    path  TEXT NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (kind, scope, path, name),
    FOREIGN KEY (kind, scope, name) REFERENCES record (kind, scope, name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX folder_by_record ON folder (kind, scope, name);

CREATE TABLE link (
    scope  TEXT NOT NULL,
    link   TEXT NOT NULL,
    target TEXT NOT NULL,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (scope, link, target, kind, name),
    FOREIGN KEY (kind, scope, name) REFERENCES record (kind, scope, name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX link_by_record ON link (kind, scope, name);

CREATE TABLE record_count (
    kind  TEXT    NOT NULL,
    scope TEXT    NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (kind, scope)
) WITHOUT ROWID;

CREATE TRIGGER record_added AFTER INSERT ON record BEGIN
    INSERT INTO record_count (kind, scope, n) VALUES (new.kind, new.scope, 1)
    ON CONFLICT (kind, scope) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER record_removed AFTER DELETE ON record BEGIN
    UPDATE record_count SET n = n - 1 WHERE kind = old.kind AND scope = old.scope;
END;

CREATE TABLE link_count (
    scope  TEXT    NOT NULL,
    link   TEXT    NOT NULL,
    target TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (scope, link, target)
) WITHOUT ROWID;

CREATE TRIGGER link_added AFTER INSERT ON link BEGIN
    INSERT INTO link_count (scope, link, target, n) VALUES (new.scope, new.link, new.target, 1)
    ON CONFLICT (scope, link, target) DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER link_removed AFTER DELETE ON link BEGIN
    UPDATE link_count SET n = n - 1 WHERE scope = old.scope AND link = old.link AND target = old.target;
    DELETE FROM link_count WHERE scope = old.scope AND link = old.link AND target = old.target AND n = 0;
END;

-- What changed, in order: caches are kept fresh and conflicts are found by it. Its tail is cut off, its head never.
CREATE TABLE change_log (
    seq   INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    kind  TEXT NOT NULL,
    name  TEXT NOT NULL
);

CREATE TABLE event_place (
    number   INTEGER PRIMARY KEY,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    category TEXT NOT NULL,
    UNIQUE (account, region, category)
);

CREATE TABLE event (
    number        INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    place         INTEGER NOT NULL REFERENCES event_place (number),
    time          INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    username      TEXT,
    access_key_id TEXT,
    read_only     INTEGER NOT NULL,
    resources     BLOB    NOT NULL,
    record        BLOB    NOT NULL
);
CREATE INDEX event_by_time ON event (place, time, id);
CREATE INDEX event_by_name ON event (place, name, time, id);
CREATE INDEX event_by_source ON event (place, source, time, id);
CREATE INDEX event_by_username ON event (place, username, time, id) WHERE username IS NOT NULL;
CREATE INDEX event_by_access_key ON event (place, access_key_id, time, id) WHERE access_key_id IS NOT NULL;
CREATE INDEX event_by_read_only ON event (place, read_only, time, id);
CREATE INDEX event_by_age ON event (time);

-- attribute is LookupEvents' ResourceType or ResourceName.
CREATE TABLE event_resource (
    place     INTEGER NOT NULL,
    attribute TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    id        TEXT    NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    PRIMARY KEY (place, attribute, value, time, id)
) WITHOUT ROWID;
CREATE INDEX event_resource_by_event ON event_resource (id);

CREATE TABLE journal_mark (
    file     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE last_use (
    subject TEXT    NOT NULL PRIMARY KEY,
    time    INTEGER NOT NULL,
    service TEXT    NOT NULL,
    region  TEXT    NOT NULL
) WITHOUT ROWID;
