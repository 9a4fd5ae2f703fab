-- A device that was removed: the counter of its last batch that counts. NULL: it is a member.
ALTER TABLE devices ADD COLUMN removed_ctr INTEGER;

-- Whose session it is. NULL where that is not known yet: the sessions of earlier versions, until their device writes.
ALTER TABLE sessions ADD COLUMN device BLOB;
