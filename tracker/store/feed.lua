#!lua
-- Appends a market's publications to the feed, each once and in the market's order.
-- KEYS 1 feed entries, 2 last ordinal a market
-- ARGV market, first ordinal, and of each: "<day>.<revision>", its moment of publication (ms) or ''
-- reply: the market's last ordinal in the feed; less than the first given minus one means a gap
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
redis.call('XLEN', KEYS[1])
local ordinal = tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  if ordinal == last + 1 then
    if ARGV[i + 1] == '' then
      redis.call('XADD', KEYS[1], '0-*', 'm', ARGV[1], 'r', ARGV[i])
    else
      redis.call('XADD', KEYS[1], '0-*', 'm', ARGV[1], 'r', ARGV[i], 't', ARGV[i + 1])
    end
    last = ordinal
  end
  ordinal = ordinal + 1
end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%d', last))
return last
