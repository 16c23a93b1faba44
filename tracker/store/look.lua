#!lua flags=no-writes
-- One market as it stands at one ledger position.
-- KEYS 1 ledger, 2 docs, 3 deltas, 4 published, 5 marks  ARGV fields of `published` to read
-- reply {position, market's document, {delta field, value…}, {published…}, {mark day, position}}
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local position = #last > 0 and tonumber(string.sub(last[1][1], 3)) or 0
local published = {}
if #ARGV > 0 then published = redis.call('HMGET', KEYS[4], unpack(ARGV)) end
return {
  position,
  redis.call('HGET', KEYS[2], '0'),
  redis.call('HGETALL', KEYS[3]),
  published,
  redis.call('HMGET', KEYS[5], 'day', 'position'),
}
