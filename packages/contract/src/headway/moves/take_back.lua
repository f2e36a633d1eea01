-- Shared by interrupt and wake: takes a running job away from its worker, without spending a retry.
--
-- why: 'lost' (died), 'drained' (was told to stop) or 'declined' (does not have the task).
-- Answer: 'ok' | 'ended' (one lost worker too many, or nobody wants it any more).
local INTERRUPTED = {
  lost = 'The worker was lost; the job will run again.',
  drained = 'The worker was stopped; the job will go on with another one.',
  declined = 'The worker does not have this task; the job waits for one that does.',
}

local function end_or_ring(id, why, lost_error_json)
  local known = redis.call('HMGET', record(id), 'queue', 'timeout_seconds', 'lost', 'cancel_requested_at', 'cancel_reason',
    'attempt')
  if (known[4] or '') ~= '' then
    local error_json, message = cancelled_while('interrupted', known[5])
    finish(id, 'REVOKED', { error_json = error_json, message = message }, OUTCOME.REVOKED)
    return 'ended'
  end
  local changes = { owner = '', scheduled_for = '', message = INTERRUPTED[why] }
  if why == 'lost' then
    changes.lost = (tonumber(known[3]) or 0) + 1
    if changes.lost >= MAX_LOST then
      local message = cjson.decode(lost_error_json).detail
      finish(id, 'FAILURE', { lost = changes.lost, error_json = lost_error_json, message = message }, 'lost')
      return 'ended'
    end
  else
    -- Not the job's fault, so the attempt does not count. The fence keeps growing.
    changes.attempt = tonumber(known[6]) - 1
  end
  if why == 'declined' then
    -- Not at once: the same worker would take it again and again.
    changes.scheduled_for = now + DECLINED_SECONDS * 1000
    redis.call('ZADD', key('scheduled'), changes.scheduled_for, id)
    move(id, 'RETRY', changes, why)
  else
    move(id, 'RETRY', changes, why)
    ring(id, known[1], RECOVERED_LANE, known[2])
  end
  return 'ok'
end

local function take_back(id, why, lost_error_json)
  local answer = end_or_ring(id, why, lost_error_json)
  count(id, 'taken_back', why)
  return answer
end
