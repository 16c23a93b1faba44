#!lua
-- Appends reported values to the feed, each once and in the order of the service's ledger.
-- KEYS 1 feed entries, 2 last ordinal a market; of the service: the last position looked at
-- ARGV the service's name, the position after which the look began, the last one looked at,
--      and of each value found in between: its position, its moment of publication (ms)
-- reply: how far the feed has looked; less than where the look began means that it was set back
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
redis.call('XLEN', KEYS[1])
if last < tonumber(ARGV[2]) then return last end
for i = 4, #ARGV, 2 do
  if tonumber(ARGV[i]) > last then
    redis.call('XADD', KEYS[1], '0-*', 'v', ARGV[i], 't', ARGV[i + 1])
  end
end
local reached = math.max(last, tonumber(ARGV[3]))
redis.call('HSET', KEYS[2], ARGV[1], string.format('%d', reached))
return reached
