#!lua flags=no-writes
-- One market as it stands at one ledger position.
-- KEYS 1 ledger, 2 docs, 3 deltas, 4 published, 5 marks, 6 rows, 7 the index of the sets, 8 paid
-- ARGV 1 first and 2 last day of the day lines, 3 first day of the reports, 4 first day of those
--      that are read bank by bank, 5 the kinds of day lines, comma between, 6 how many fields of
--      `published` to read, 7 how many documents (-1: all), then these fields and subjects one
--      after the other
-- reply {position, market's document, {mark day, position}, rows, {set, bitmap…},
--       {published…}, {deltas…}, {who has been paid since when, reports…}, {unions…},
--       {reports of days without a union…}, {documents…, or subject, document…}}
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local position = #last > 0 and tonumber(string.sub(last[1][1], 3)) or 0
local from = 8
local function some(key, count)
  local first = from
  from = from + count
  if count == 0 then return {} end
  return redis.call('HMGET', key, unpack(ARGV, first, from - 1))
end
local published = some(KEYS[4], tonumber(ARGV[6]))
local docs = tonumber(ARGV[7])
local lines, days, older = {}, {'first'}, {}
for day = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  for kind in string.gmatch(ARGV[5], '[^,]+') do
    lines[#lines + 1] = string.format('%d:%s', day, kind)
  end
end
for day = tonumber(ARGV[4]), tonumber(ARGV[2]) do
  days[#days + 1] = string.format('%d', day)
end
for day = tonumber(ARGV[3]), tonumber(ARGV[4]) - 1 do
  older[#older + 1] = string.format('%du', day)
end
local deltas = redis.call('HMGET', KEYS[3], unpack(lines))
local paid = redis.call('HMGET', KEYS[8], unpack(days))
local unions = redis.call('HMGET', KEYS[8], unpack(older))
local missing = {}
for i, union in ipairs(unions) do
  if not union then missing[#missing + 1] = string.sub(older[i], 1, -2) end
end
local instead = #missing > 0 and redis.call('HMGET', KEYS[8], unpack(missing)) or {}
local sets = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[7])) do
  sets[#sets + 1] = name
  sets[#sets + 1] = redis.call('GET', KEYS[7] .. ':' .. name) or ''
end
return {
  position,
  redis.call('HGET', KEYS[2], '0'),
  redis.call('HMGET', KEYS[5], 'day', 'position'),
  redis.call('GET', KEYS[6]),
  sets,
  published,
  deltas,
  paid,
  unions,
  instead,
  docs < 0 and redis.call('HGETALL', KEYS[2]) or some(KEYS[2], docs),
}
