-- settle: ends an attempt, and with it the job unless it is tried again.
--
-- ARGV: id, fence, state (SUCCESS, FAILURE, REVOKED or RETRY), delay ms (of a RETRY),
--       how a REVOKED job was cancelled, then changed fields.
-- Answer: 'ok' | 'fenced' (another attempt owns the job, or it has ended: nothing was written).
local id, fence, state, how = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local known = redis.call('HMGET', record(id), 'state', 'fence', 'current', 'total', 'cancel_requested_at', 'cancel_reason')
if known[2] ~= fence then return 'fenced' end
-- The same settlement, sent twice over a broken connection.
if known[1] == state then return 'ok' end
if not is_running(known[1]) then return 'fenced' end

local changes = pairs_from(6)
changes.lost = 0
-- Whoever cancelled the job does not want another attempt.
if state == 'RETRY' and (known[5] or '') ~= '' then state, how = 'REVOKED', 'failing' end
if state == 'REVOKED' then changes.error_json, changes.message = cancelled_while(how, known[6]) end
local is_timeout = changes.error_json and cjson.decode(changes.error_json).type == TIMEOUT
if state == 'RETRY' then
  local due_at = now + tonumber(ARGV[4])
  changes.retries = redis.call('HINCRBY', record(id), 'retries', 1)
  changes.scheduled_for = due_at
  changes.owner = ''
  redis.call('ZADD', key('scheduled'), due_at, id)
  count(id, 'retried')
  move(id, 'RETRY', changes, is_timeout and 'timed_out' or OUTCOME.FAILURE)
  return 'ok'
end
if state == 'SUCCESS' and not changes.current then
  -- Only SUCCESS shows a full bar, and it always does.
  local total = tonumber(known[4])
  changes.total = total and total > 0 and known[4] or '1'
  changes.current = changes.total
end
finish(id, state, changes, state == 'FAILURE' and is_timeout and 'timed_out' or OUTCOME[state])
return 'ok'
