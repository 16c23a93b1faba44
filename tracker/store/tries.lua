#!lua
-- Counts a try to sign in before it is checked, or says how long to wait.
-- Times are the caller's (ms). A count is forgotten when nothing was tried for a window.
-- KEYS 1 this login from this place, 2 all logins from this place (or the first again: no limit)
-- ARGV now, window, free tries, delays as the powers of two of this, longest delay, tries a place
-- reply: 0 counted, else ms to wait and nothing was counted
local now, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local free, base, longest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function count(key)
  local n, at = unpack(redis.call('HMGET', key, 'n', 'at'))
  n, at = tonumber(n or '0'), tonumber(at or '0')
  if now - at >= window then return 0, now end
  return n, at
end

local n, at = count(KEYS[1])
if n >= free then
  local wait = at + math.min(base * 2 ^ math.min(n - free, 40), longest) - now
  if wait > 0 then return math.ceil(wait) end
end
local bounded = KEYS[2] ~= KEYS[1]
local all, since = 0, now
if bounded then
  all, since = count(KEYS[2])
  if all >= tonumber(ARGV[6]) then return math.ceil(since + window - now) end
end
redis.call('HSET', KEYS[1], 'n', n + 1, 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if bounded then
  redis.call('HSET', KEYS[2], 'n', all + 1, 'at', string.format('%.0f', since))
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 0
