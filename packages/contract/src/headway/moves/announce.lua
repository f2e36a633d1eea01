-- announce: a worker says that it lives, what it serves and which tasks it knows.
--
-- ARGV: worker's name, its announcement, seconds it counts as alive, then task name, entry, …
local name, alive_seconds = ARGV[1], tonumber(ARGV[3])
redis.call('ZADD', key('workers'), now, name)
redis.call('SET', key('worker:' .. name), ARGV[2], 'EX', alive_seconds)
redis.call('ZREMRANGEBYSCORE', key('workers'), '-inf', now - alive_seconds * 1000)
for i = 4, #ARGV, 2 do redis.call('HSET', key('catalogue'), ARGV[i], ARGV[i + 1]) end
return now
