#!lua
-- Writes a job's record, with the results of a chunk of its rows where there are any.
-- A job that has left the open ones has ended: a slower twin of its worker changes nothing.
-- KEYS 1 record, 2 open jobs, 3 row results  ARGV id, record, kept (ms), '1' ended, chunk, rows
-- reply: 1 written, 0 the job has ended
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('EXISTS', KEYS[1])
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[4] == '1' then redis.call('ZREM', KEYS[2], ARGV[1]) end
return 1
