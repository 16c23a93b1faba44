#!lua flags=allow-oom
-- The door: is what the caller knows of a key still so, and may one more request in?
--
-- Counts are kept out of the append-only file and from the replicas: a request that is counted
-- costs no sync of a disk. After a restart of the store the windows begin empty.
-- A window of n requests is n times in a list, so it is exact, and never longer than its limit.
-- KEYS 1 documents of the service, 2 window: times in us, oldest first
-- ARGV 1 subject, 2 its document as the caller knows it ('' for not at all), 3 requests a window
--      (0: not counted), 4 length of the window in us
-- reply {document} where it is another one ({''} where there is none); nothing is counted then
--       {1, left, us until one more may come} counted | {0, 0, us until one may come} refused
local document = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if document == '' or document ~= ARGV[2] then return {document} end
local limit, length = tonumber(ARGV[3]), tonumber(ARGV[4])
if limit == 0 then return {1, 0, 0} end

redis.set_repl(redis.REPL_NONE)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local newest = tonumber(redis.call('LINDEX', KEYS[2], -1) or '0')
if newest > now + length then -- the clock was set back by more than a window: nothing is known
  redis.call('DEL', KEYS[2])
elseif newest > now then -- by less: time stands until it is caught up
  now = newest
end

local function at(place)
  return tonumber(redis.call('LINDEX', KEYS[2], place) or false)
end
local oldest = at(0)
while oldest and oldest <= now - length do
  redis.call('LPOP', KEYS[2])
  oldest = at(0)
end
local count = redis.call('LLEN', KEYS[2])
if count >= limit then -- a limit that was lowered may have more than one to wait for
  return {0, 0, at(count - limit) + length - now}
end
redis.call('RPUSH', KEYS[2], string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[2], math.ceil(length / 1000) + 1)
return {1, limit - count - 1, (oldest or now) + length - now}
