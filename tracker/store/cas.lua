#!lua
-- Puts values in the place of those that were read, where those still stand.
--
-- KEYS  1 a hash, or a string
-- ARGV  1 'hash' or 'string', then field, old, new for each (of a string one, its field is '')
-- reply how many were replaced; the time to live stays

local kind, done = ARGV[1], 0
for i = 2, #ARGV, 3 do
  if kind == 'hash' then
    if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
      redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
      done = done + 1
    end
  elseif redis.call('GET', KEYS[1]) == ARGV[i + 1] then
    redis.call('SET', KEYS[1], ARGV[i + 2], 'KEEPTTL')
    done = done + 1
  end
end
return done
