#!lua flags=no-writes
-- A market's sets of vendors at one moment.
-- KEYS 1 the index of the sets, whose keys go on with their names
-- reply {set, bitmap…}
local sets = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  sets[#sets + 1] = name
  sets[#sets + 1] = redis.call('GET', KEYS[1] .. ':' .. name) or ''
end
return sets
