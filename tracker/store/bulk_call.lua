#!lua
-- A call of many rows begins, or is asked to wait for its twin.
--
-- Every row keeps its own answer; this only says what the whole call was, and that somebody is at
-- it. Who died at it is waited for until `until`, and no longer.
--
-- KEYS  1 the call (hash: fingerprint, token, until)
-- ARGV  1 fingerprint, 2 token, 3 how long one may be at it (ms), 4 how long it is kept (ms)
-- reply 'begun' | 'other' (another request had this key) | 'running' (its twin is at it)

local fingerprint, ends = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'until'))
if fingerprint and fingerprint ~= ARGV[1] then return 'other' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ends and now < tonumber(ends) then return 'running' end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'token', ARGV[2],
  'until', string.format('%d', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'begun'
