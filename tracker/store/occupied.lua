#!lua flags=no-writes
-- A market's own document, and who holds each of some unique names.
-- KEYS 1 docs, 2 names  ARGV the names  reply {document, holder…}
local holders = redis.call('HMGET', KEYS[2], unpack(ARGV))
return {redis.call('HGET', KEYS[1], '0'), unpack(holders, 1, #ARGV)}
