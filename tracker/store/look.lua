#!lua flags=no-writes
-- One market as it stands at one ledger position.
-- KEYS 1 ledger, 2 docs, 3 deltas, 4 published, 5 marks, 6 rows, 7 groups, 8 paid
-- ARGV 1 first and 2 last day of the day lines, 3 first day of the reports, 4 the kinds of day
--      lines, comma between, 5 how many fields of `published` to read, 6 how many documents (-1:
--      all), then these fields and subjects one after the other
-- reply {position, market's document, {mark day, position}, rows, {group key, name…},
--       {published…}, {deltas…}, {paid…}, {documents…, or subject, document…}}
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local position = #last > 0 and tonumber(string.sub(last[1][1], 3)) or 0
local from = 7
local function some(key, count)
  local first = from
  from = from + count
  if count == 0 then return {} end
  return redis.call('HMGET', key, unpack(ARGV, first, from - 1))
end
local published = some(KEYS[4], tonumber(ARGV[5]))
local docs = tonumber(ARGV[6])
local lines, days = {}, {'first'}
for day = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  for kind in string.gmatch(ARGV[4], '[^,]+') do
    lines[#lines + 1] = string.format('%d:%s', day, kind)
  end
end
for day = tonumber(ARGV[3]), tonumber(ARGV[2]) do
  days[#days + 1] = string.format('%d', day)
end
local deltas = redis.call('HMGET', KEYS[3], unpack(lines))
local paid = redis.call('HMGET', KEYS[8], unpack(days))
return {
  position,
  redis.call('HGET', KEYS[2], '0'),
  redis.call('HMGET', KEYS[5], 'day', 'position'),
  redis.call('GET', KEYS[6]),
  redis.call('HGETALL', KEYS[7]),
  published,
  deltas,
  paid,
  docs < 0 and redis.call('HGETALL', KEYS[2]) or some(KEYS[2], docs),
}
