#!lua
-- Forgets that a vendor is to be indexed, unless it changed meanwhile.
-- KEYS 1 unindexed vendors  ARGV number, state that was indexed…
local done = 0
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
    done = done + 1
  end
end
return done
