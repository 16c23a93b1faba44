#!lua
-- Writes a job's record, with the results of a chunk of its rows where there are any.
-- A job that has left the open ones has ended: a slower twin of its worker changes nothing.
-- One that failed comes among the failed, which hold the latest so many of the time that it is kept.
-- KEYS 1 record, 2 open jobs, 3 row results, 4 failed jobs
-- ARGV id, record, kept (ms), '1' ended '2' failed '0' neither, chunk, rows, created (ms), how many
--      failed ones are held
-- reply: 1 written, 0 the job has ended
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('EXISTS', KEYS[1])
redis.call('ZSCORE', KEYS[4], ARGV[1])
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[4] == '0' then return 1 end
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[4] == '2' then
  redis.call('ZADD', KEYS[4], ARGV[7], ARGV[1])
  for _, older in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1 - ARGV[8])) do
    redis.call('ZREM', KEYS[4], older)
  end
  redis.call('PEXPIRE', KEYS[4], ARGV[3])
end
return 1
