#!lua
-- The one commit step: compares, then writes a ledger entry, the documents and every view.
--
-- It knows no rule of the domain. All that can fail is looked at before the first write, because
-- an error in the middle would leave the first half: types of keys, versions, names, counters.
--
-- KEYS  1 ledger, 2 docs, 3 names, 4 deltas, 5 marks, 6 answer (or the ledger again: none),
--       7… rows and record hashes, named by their place
-- ARGV  1 the plan (msgpack, strings and integers only), 2… byte strings, named by their place
-- plan  {answer, docs, entries, claims, releases, deltas, rows, sets, records, mark, settled, seen}
--   answer    {ttl_ms, bytes} or {}      stored under KEYS[6]; found there → 'replayed'
--   docs      {{subject, header, new_header, {bytes…}}…}   facts appended; header '' = new
--   entries   {{subject, bytes}…}        ledger entries that no document holds
--   claims    {{name, holder, before}…}  must be free, or held by the same or by `before`
--   releases  {{name, holder}…}
--   deltas    {{field, change}…}         added to; a sum of nothing is dropped
--   rows      {{key, offset, bytes}…}    written over what stands there
--   sets      {index, {key, name, number, 1 in or 0 out}…} or {}  bitmaps, and the index of those
--             that have anybody; what it does not name is nobody's, whatever stands there
--   records   {{key, field, expected, bytes}…}  expected: 0 any, 1 must be absent, else its place;
--             bytes: 0 is dropped, else its place
--   mark      day, or -1: the first day whose figures change
--   settled   position, or -1: figures are published up to it; an older mark is dropped
--   seen      {{subject, header}…}       documents decided on and not written
-- reply {'done', position} | {'replayed', answer} | {'stale', subject} | {'taken', name, holder}

local plan = cmsgpack.unpack(ARGV[1])
local answer, docs, entries, claims, releases = plan[1], plan[2], plan[3], plan[4], plan[5]
local deltas, rows, sets, records, mark = plan[6], plan[7], plan[8], plan[9], plan[10]
local settled, seen = plan[11], plan[12]
local HEADER = 5

if #answer > 0 then
  local stored = redis.call('GET', KEYS[6])
  if stored then return {'replayed', stored} end
end

-- look
redis.call('XLEN', KEYS[1])
local old = {}
for i, doc in ipairs(docs) do
  local stored = redis.call('HGET', KEYS[2], doc[1]) or ''
  if string.sub(stored, 1, HEADER) ~= ARGV[doc[2]] then return {'stale', doc[1]} end
  old[i] = string.sub(stored, HEADER + 1)
end
for _, doc in ipairs(seen) do
  local stored = redis.call('HGET', KEYS[2], doc[1]) or ''
  if string.sub(stored, 1, HEADER) ~= ARGV[doc[2]] then return {'stale', doc[1]} end
end
for _, claim in ipairs(claims) do
  local holder = redis.call('HGET', KEYS[3], claim[1])
  if holder and holder ~= claim[2] and holder ~= claim[3] then return {'taken', claim[1], holder} end
end
for _, release in ipairs(releases) do
  redis.call('HGET', KEYS[3], release[1])
end
local sums = {}
for i, delta in ipairs(deltas) do
  local stored = tonumber(redis.call('HGET', KEYS[4], delta[1]) or '0')
  if not stored then return redis.error_reply('VIEW day line is no number: ' .. delta[1]) end
  sums[i] = stored + delta[2]
end
for _, row in ipairs(rows) do
  redis.call('STRLEN', KEYS[row[1]])
end
local fresh = {}
if #sets > 0 then
  local names = {}
  for i = 2, #sets do
    redis.call('STRLEN', KEYS[sets[i][1]])
    names[i - 1] = sets[i][2]
  end
  for i, known in ipairs(redis.call('SMISMEMBER', KEYS[sets[1]], unpack(names))) do
    fresh[names[i]] = known == 0
  end
end
local there = {}
for i, record in ipairs(records) do
  local stored = redis.call('HGET', KEYS[record[1]], record[2])
  if record[3] == 1 then
    if stored then return {'stale', record[2]} end
  elseif record[3] > 1 then
    if stored ~= ARGV[record[3]] then return {'stale', record[2]} end
  end
  there[i] = stored
end
local marked, marked_at = unpack(redis.call('HMGET', KEYS[5], 'day', 'position'))
if (marked and not tonumber(marked)) or (marked_at and not tonumber(marked_at)) then
  return redis.error_reply('VIEW mark is no number')
end

-- write
local position = false
for i, doc in ipairs(docs) do
  local parts = {ARGV[doc[3]], old[i]}
  for _, place in ipairs(doc[4]) do
    position = redis.call('XADD', KEYS[1], '0-*', 'n', doc[1], 'e', ARGV[place])
    parts[#parts + 1] = ARGV[place]
  end
  redis.call('HSET', KEYS[2], doc[1], table.concat(parts))
end
for _, entry in ipairs(entries) do
  position = redis.call('XADD', KEYS[1], '0-*', 'n', entry[1], 'e', ARGV[entry[2]])
end
for _, release in ipairs(releases) do
  if redis.call('HGET', KEYS[3], release[1]) == release[2] then
    redis.call('HDEL', KEYS[3], release[1])
  end
end
for _, claim in ipairs(claims) do
  redis.call('HSET', KEYS[3], claim[1], claim[2])
end
for i, delta in ipairs(deltas) do
  if sums[i] == 0 then
    redis.call('HDEL', KEYS[4], delta[1])
  else
    redis.call('HSET', KEYS[4], delta[1], string.format('%d', sums[i]))
  end
end
for _, row in ipairs(rows) do
  redis.call('SETRANGE', KEYS[row[1]], row[2], ARGV[row[3]])
end
for i = 2, #sets do
  local key, name, number, becomes = unpack(sets[i])
  if fresh[name] and becomes == 1 then
    redis.call('DEL', KEYS[key])
    redis.call('SADD', KEYS[sets[1]], name)
    fresh[name] = false
  end
  redis.call('SETBIT', KEYS[key], number, becomes)
  if becomes == 0 and redis.call('BITCOUNT', KEYS[key]) == 0 then
    redis.call('DEL', KEYS[key])
    redis.call('SREM', KEYS[sets[1]], name)
    fresh[name] = true
  end
end
for i, record in ipairs(records) do
  if record[4] == 0 then
    redis.call('HDEL', KEYS[record[1]], record[2])
  elseif there[i] ~= ARGV[record[4]] then
    redis.call('HSET', KEYS[record[1]], record[2], ARGV[record[4]])
  end
end
local reached = position and tonumber(string.sub(position, 3)) or 0
if mark >= 0 then
  local time = redis.call('TIME')
  local since = marked and math.min(tonumber(marked), mark) or mark
  redis.call('HSET', KEYS[5], 'day', string.format('%d', since), 'position',
    string.format('%d', reached), 'ms', string.format('%.0f', time[1] * 1000 + time[2] / 1000))
end
if settled >= 0 then
  local last = redis.call('HGET', KEYS[5], 'position')
  if last and tonumber(last) <= settled then redis.call('DEL', KEYS[5]) end
end
if #answer > 0 then
  redis.call('SET', KEYS[6], ARGV[answer[2]], 'PX', answer[1])
end
return {'done', reached}
