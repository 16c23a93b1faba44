#!lua
-- Creates a job once a key: record, place among the open ones and key in one step.
-- KEYS 1 record, 2 open jobs, 3 key  ARGV id, created (ms), kept (ms), record, what the key means
-- reply: what the key meant before, or nil where the job was created
if ARGV[5] ~= '' then
  local known = redis.call('GET', KEYS[3])
  if known then return known end
end
redis.call('EXISTS', KEYS[1])
redis.call('ZSCORE', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
if ARGV[5] ~= '' then redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[3]) end
return nil
