#!lua
-- Adds holders under a look-up of the account index, each once.
-- KEYS 1 the index's part  ARGV look-up, holder…
local held = redis.call('HGET', KEYS[1], ARGV[1]) or ''
for i = 2, #ARGV do
  if not string.find(held, ' ' .. ARGV[i] .. ' ', 1, true) then
    if held == '' then held = ' ' end
    held = held .. ARGV[i] .. ' '
  end
end
redis.call('HSET', KEYS[1], ARGV[1], held)
return redis.status_reply('OK')
