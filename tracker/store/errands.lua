#!lua flags=no-writes
-- What of a market waits for the schedule, at one moment.
-- KEYS 1 ledger, 2 marks, 3 vendors to index, 4 erasures, 5 published, 6 seals
-- reply {last entry's id or nil, mark: day or nil, mark: since (ms), vendors to index, erasures,
--        the chain's head or nil, the newest seal or nil; '' where it cannot be read}
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local day, ms = unpack(redis.call('HMGET', KEYS[2], 'day', 'ms'))
local sealed = redis.pcall('HGET', KEYS[6], 'last')
if type(sealed) == 'table' then sealed = '' end
return {
  last[1] and last[1][1] or false, day, ms, redis.call('HLEN', KEYS[3]),
  redis.call('HLEN', KEYS[4]), redis.call('HGET', KEYS[5], 'head'), sealed
}
