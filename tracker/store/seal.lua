#!lua
-- Adds seals to a ledger's: all of them, or none.
--
-- KEYS  1 seals
-- ARGV  1 the newest record as it was read ('' before the first seal), 2 the newest record after,
--       3… number and record of each new seal
-- reply 1 written | 0 somebody was faster | -1 a number is taken, though the newest is as it was

if (redis.call('HGET', KEYS[1], 'last') or '') ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then return -1 end
end
for i = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], 'last', ARGV[2])
return 1
