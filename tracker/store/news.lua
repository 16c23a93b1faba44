#!lua
-- Names markets in which something was written, under one number above all that were given.
-- KEYS 1 the news  ARGV markets
local last = redis.call('ZRANGE', KEYS[1], 0, 0, 'REV', 'WITHSCORES')
local number = tonumber(last[2] or '0') + 1
for _, market in ipairs(ARGV) do
  redis.call('ZADD', KEYS[1], number, market)
end
return number
