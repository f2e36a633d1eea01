-- figures: how many jobs there are of each kind, and since when the oldest of them waits or runs. Writes nothing.
--
-- Answer: one JSON text, see `figures.py`; an empty table in it may be {} or [].
-- Redis serves nobody else meanwhile, so it reads the lengths of lists of any length and the records of running jobs
-- only, of which there are as many as slots, and so many at the most:
local RUNNING_READ = 5000

local states, queues, running, due = {}, {}, {}, {}

local function queue_of(name)
  queues[name] = queues[name] or { queued = 0, workers = 0, slots = 0 }
  return queues[name]
end

for state in pairs(MOVES) do states[state] = redis.call('ZCARD', key('index:' .. state)) end

local counts = {}
local flat = redis.call('HGETALL', key('counts'))
for i = 1, #flat, 2 do
  counts[flat[i]] = tonumber(flat[i + 1])
  local queue = flat[i]:match('^[^|]*|[^|]*|([^|]*)|')
  if queue ~= OTHER then queue_of(queue) end
end

for _, name in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
  local announced = redis.call('GET', key('worker:' .. name))
  local worker = announced and cjson.decode(announced) or { queues = {} }
  for _, queue in ipairs(worker.queues) do
    queue_of(queue).workers = queue_of(queue).workers + 1
    queue_of(queue).slots = queue_of(queue).slots + worker.slots
  end
end

local function earlier(one, other)
  if not one or not other then return one or other end
  return math.min(one, other)
end

-- Each lane is in order; nothing writes to a job in line, so it stands there since its last change.
for name, queue in pairs(queues) do
  queue.queued = redis.call('ZCARD', key('open:' .. name))
  for _, lane in ipairs(LANES) do
    local first, last = string.format('%.0f', lane * LANE_SPAN), string.format('(%.0f', (lane + 1) * LANE_SPAN)
    local id = redis.call('ZRANGEBYSCORE', key('open:' .. name), first, last, 'LIMIT', 0, 1)[1]
    if id then queue.oldest_at = earlier(queue.oldest_at, tonumber(redis.call('HGET', record(id), 'updated_at') or nil)) end
  end
end

for _, id in ipairs(redis.call('ZRANGE', key('leases'), 0, RUNNING_READ - 1)) do
  local known = redis.call('HMGET', record(id), 'queue', 'task', 'started_at', 'updated_at', 'timeout_seconds')
  if known[1] then
    local name = known[1] .. '|' .. known[2]
    local kind = running[name] or { jobs = 0, overrunning = 0 }
    local started_at, limit = tonumber(known[3]), tonumber(known[5] or '')
    kind.jobs = kind.jobs + 1
    kind.oldest_at = earlier(kind.oldest_at, started_at)
    kind.quietest_at = earlier(kind.quietest_at, tonumber(known[4]))
    if limit and now - started_at > (limit + OVERRUN_SECONDS) * 1000 then kind.overrunning = kind.overrunning + 1 end
    running[name] = kind
  end
end

for _, kind in ipairs({ 'leases', 'scheduled', 'expiring' }) do
  local first = redis.call('ZRANGE', key(kind), 0, 0, 'WITHSCORES')
  if first[2] and tonumber(first[2]) <= now then due[kind] = tonumber(first[2]) end
end

return cjson.encode({
  at = now,
  states = states, queues = queues, running = running, due = due, counts = counts,
  scheduled = redis.call('ZCARD', key('scheduled')), unanswered = redis.call('ZCARD', key('unanswered')),
})
