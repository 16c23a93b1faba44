#!lua
-- Entries of a ledger at their positions, as a backup has them: all of them, or none.
-- KEYS 1 ledger  ARGV position of the first, then subject and fact of each
-- reply: the last position
redis.call('XLEN', KEYS[1])
local position = tonumber(ARGV[1])
for i = 2, #ARGV, 2 do
  redis.call('XADD', KEYS[1], string.format('0-%d', position), 'n', ARGV[i], 'e', ARGV[i + 1])
  position = position + 1
end
return position - 1
