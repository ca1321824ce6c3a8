-- How the call of an event was decided, for the operator alone: what explain and replay read. No record has it.
ALTER TABLE event ADD COLUMN decisions BLOB;
