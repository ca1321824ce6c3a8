-- What events are looked up by, in lists: one row holds up to 64 events of one value, where an index each for name, source,
-- user, key and resources took twenty rows an event. The trail is made again from the journal, so nothing is copied.
DROP TABLE event_resource;
DROP TABLE event;
DELETE FROM journal_mark;

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
CREATE INDEX event_by_age ON event (time);

-- attribute is one of LookupEvents' attribute keys. A list lies within one minute, between oldest and newest; first is
-- the number of its first event, events holds the numbers of all: 8 bytes each, little-endian.
CREATE TABLE event_list (
    place     INTEGER NOT NULL,
    attribute TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    newest    INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    oldest    INTEGER NOT NULL,
    events    BLOB    NOT NULL,
    PRIMARY KEY (place, attribute, value, newest, first)
) WITHOUT ROWID;
