#!lua
-- Takes a holder away from look-ups of the account index; one without holders goes.
-- KEYS 1 the index's part  ARGV holder, look-up…
for i = 2, #ARGV do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if held then
    local first, last = string.find(held, ' ' .. ARGV[1] .. ' ', 1, true)
    if first then
      held = string.sub(held, 1, first) .. string.sub(held, last + 1)
      if held == ' ' then
        redis.call('HDEL', KEYS[1], ARGV[i])
      else
        redis.call('HSET', KEYS[1], ARGV[i], held)
      end
    end
  end
end
return redis.status_reply('OK')
