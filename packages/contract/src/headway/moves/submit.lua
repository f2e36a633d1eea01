-- submit: the record, its place in the indexes, the idempotency mapping and the doorbell, or nothing.
--
-- ARGV: id, idempotency key or '', fingerprint, idempotency seconds, delay ms or '', due at ms or '',
--       expires in ms or '', queue, priority, time limit or '', then the other fields as name, value, …
-- Answer: 'created', id, created at · 'replayed', id, the record as name, value, … · 'mismatch', id
local id, idempotency_key, fingerprint = ARGV[1], ARGV[2], ARGV[3]
local queue, priority, timeout_seconds = ARGV[8], ARGV[9], ARGV[10]

-- The client library may send a command twice when a connection breaks; the second one must change nothing.
local created_before = redis.call('HGET', record(id), 'created_at')
if created_before then return { 'created', id, created_before } end

if idempotency_key ~= '' then
  local known = redis.call('GET', key('idem:' .. idempotency_key))
  if known then
    local first_id, first_fingerprint = known:match('^(%S+) (%S+)$')
    if first_fingerprint ~= fingerprint then return { 'mismatch', first_id } end
    return { 'replayed', first_id, unpack(redis.call('HGETALL', record(first_id))) }
  end
  redis.call('SET', key('idem:' .. idempotency_key), id .. ' ' .. fingerprint, 'EX', tonumber(ARGV[4]))
end

local due_at = ARGV[5] ~= '' and now + tonumber(ARGV[5]) or tonumber(ARGV[6])
local start_before_at = ARGV[7] ~= '' and (due_at or now) + tonumber(ARGV[7])
-- Written without `write`: nobody can watch a job yet whose id was not told.
redis.call('HSET', record(id), 'id', id, 'state', 'PENDING', 'version', 1, 'created_at', now, 'updated_at', now,
  'queue', queue, 'priority', priority, 'timeout_seconds', timeout_seconds,
  'scheduled_for', due_at or '', 'start_before_at', start_before_at or '', unpack(ARGV, 11))
count(id, 'submitted')
note(id, 'PENDING', 'submitted')
-- Microseconds, so that no two jobs share a place in the lists.
redis.call('ZADD', key('index'), now_us, id)
redis.call('ZADD', key('index:PENDING'), now_us, id)
if start_before_at then redis.call('ZADD', key('expiring'), start_before_at, id) end
if due_at then
  redis.call('ZADD', key('scheduled'), due_at, id)
else
  ring(id, queue, LANE_OF[priority], timeout_seconds)
end
return { 'created', id, now }
