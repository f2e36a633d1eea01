-- claim: gives a waiting job to one owner; the fence it hands out outranks all earlier ones.
--
-- ARGV: id, owner. Answer: the record as name, value, …, or nothing when there is nothing to claim.
local id, owner = ARGV[1], ARGV[2]
local known = redis.call('HMGET', record(id), 'state', 'queue', 'start_before_at', 'checkpoint_json', 'owner', 'updated_at')
local state = known[1]

-- The same claim, sent twice over a broken connection: an owner runs one job at a time.
if is_running(state) and known[5] == owner then return redis.call('HGETALL', record(id)) end

-- Doorbells may be late, doubled or forged: only a job that waits for a worker may start.
if state ~= 'PENDING' and state ~= 'RETRY' then return {} end
if redis.call('ZSCORE', key('scheduled'), id) then return {} end
local start_before_at = tonumber(known[3] or '')
-- The reconciler revokes it; this only makes sure that it never starts too late.
if state == 'PENDING' and start_before_at and start_before_at <= now then return {} end

redis.call('ZREM', key('open:' .. known[2]), id)
redis.call('ZREM', key('expiring'), id)
redis.call('ZREM', key('unanswered'), id)
redis.call('ZADD', key('leases'), now + LEASE_MS, id)
local changes = {
  attempt = redis.call('HINCRBY', record(id), 'attempt', 1),
  fence = redis.call('HINCRBY', record(id), 'fence', 1),
  owner = owner, started_at = now, error_json = '', message = '', pace_at = '', pace_from = '',
  -- Nothing writes to a job in line, so it stands there since its last change.
  waited_seconds = string.format('%.3f', (now - tonumber(known[6])) / 1000),
}
empty_bar_unless(known[4], changes)
count(id, 'started')
move(id, 'STARTED', changes, 'claimed')
return redis.call('HGETALL', record(id))
