-- wake: everything that is due. Any number of workers may ask, and none for a while.
--
-- ARGV: the most to do of each kind, the error of an expired job, the error of one lost worker too many,
--       then the queues to look at. Answer: how many things were done.
local limit, expired_error, lost_error = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local done = 0
-- How many missing doorbells are watched at a time. More than are rung at once: each has to wait its time first, and
-- whoever is not watched yet would begin to wait only when those before it have been rung.
local WATCHED = 1000

local function due(name, act)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key(name), '-inf', now, 'LIMIT', 0, limit)) do
    redis.call('ZREM', key(name), id)
    act(id)
    done = done + 1
  end
end

-- After an outage of Redis every lease looks expired: let the owners renew first.
local function is_held()
  local last = tonumber(redis.call('GET', key('woken_at')) or now)
  redis.call('SET', key('woken_at'), now)
  if now - last > LEASE_MS / 2 then redis.call('SET', key('hold'), '1', 'PX', LEASE_MS) end
  return redis.call('EXISTS', key('hold')) == 1
end

-- Doorbells that are neither in their list nor answered: lost between the list and the claim. A list is first in,
-- first out, so what should come before its oldest message is not in it. That message's own number tells, not the
-- place of its job: a job that was cancelled and retried in line has rung twice, and stands behind its first doorbell.
local function ring_again(queue, lane)
  local list = key('queue:' .. queue) .. (lane > 0 and '@' .. lane or '')
  local oldest = redis.call('LINDEX', list, -1)
  local number = oldest and cjson.decode(oldest).properties.delivery_tag:match('%.(%d+)$')
  if oldest and not number then return end -- nobody of us rang it: the next one will tell
  local first = lane * LANE_SPAN
  local bound = '(' .. string.format('%.0f', first + (tonumber(number) or LANE_SPAN))
  local missing = redis.call('ZRANGEBYSCORE', key('open:' .. queue), string.format('%.0f', first), bound, 'LIMIT', 0, WATCHED)
  local rung = 0
  for _, id in ipairs(missing) do
    local since = redis.call('ZSCORE', key('unanswered'), id)
    if not since then
      redis.call('ZADD', key('unanswered'), now, id)
    elseif rung < limit and now - tonumber(since) >= UNANSWERED_MS then
      redis.call('ZREM', key('unanswered'), id)
      -- Ahead of the line: it has waited its time, and could lose a doorbell again.
      ring(id, queue, RECOVERED_LANE, redis.call('HGET', record(id), 'timeout_seconds'))
      rung = rung + 1
    end
  end
  done = done + rung
end

if not is_held() then
  due('leases', function(id)
    if is_running(redis.call('HGET', record(id), 'state')) then take_back(id, 'lost', lost_error) end
  end)
end

due('scheduled', function(id)
  local known = redis.call('HMGET', record(id), 'state', 'queue', 'priority', 'timeout_seconds', 'attempt')
  if known[1] == 'PENDING' or known[1] == 'RETRY' then
    ring(id, known[2], LANE_OF[known[3]], known[4])
    write(id, {})
    note(id, known[1], 'due', known[5])
  end
end)

due('expiring', function(id)
  if redis.call('HGET', record(id), 'state') == 'PENDING' then
    finish(id, 'REVOKED', { error_json = expired_error, message = cjson.decode(expired_error).detail }, 'expired')
  end
end)

due('retained', function(id)
  redis.call('ZREM', key('index'), id)
  for state in pairs(MOVES) do
    if not next(MOVES[state]) then redis.call('ZREM', key('index:' .. state), id) end
  end
end)

for i = 4, #ARGV do
  for _, lane in ipairs(LANES) do ring_again(ARGV[i], lane) end
end
return done
