#!lua
-- Appends markets' publications to the feed, each once and in its market's order.
-- KEYS 1 feed entries, 2 last ordinal a market
-- ARGV for each market: its id, first ordinal, how many, and of each of these: "<day>.<revision>",
--      its moment of publication (ms) or ''
-- reply: each market's last ordinal in the feed; less than the first given minus one means a gap
redis.call('XLEN', KEYS[1])
redis.call('HLEN', KEYS[2])
local reached, i = {}, 1
while i < #ARGV do
  local market, ordinal = ARGV[i], tonumber(ARGV[i + 1])
  local last = tonumber(redis.call('HGET', KEYS[2], market) or '0')
  i = i + 3
  for place = i, i + 2 * tonumber(ARGV[i - 1]) - 1, 2 do
    if ordinal == last + 1 then
      if ARGV[place + 1] == '' then
        redis.call('XADD', KEYS[1], '0-*', 'm', market, 'r', ARGV[place])
      else
        redis.call('XADD', KEYS[1], '0-*', 'm', market, 'r', ARGV[place], 't', ARGV[place + 1])
      end
      last = ordinal
    end
    ordinal = ordinal + 1
  end
  i = i + 2 * tonumber(ARGV[i - 1])
  redis.call('HSET', KEYS[2], market, string.format('%d', last))
  reached[#reached + 1] = last
end
return reached
