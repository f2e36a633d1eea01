-- cancel: a job that waits ends at once; one that runs is asked to stop.
--
-- ARGV: id, this request's token, the reason or ''.
-- Answer: 'unknown' | 'gone' | 'final' (it had ended) | 'ended' | 'asked', then the record as name, value, …
local id, token, reason = ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', record(id), 'state', 'token', 'cancel_requested_at')
local state = known[1]

if not state then return { missing(id) } end
-- The client library may send a command twice when a connection breaks: the same request, the same answer.
if not next(MOVES[state]) then return with_record(known[2] == token and 'ended' or 'final', id) end
if is_running(state) then
  -- Asking again changes nothing, so that the first reason and the grace that runs since then stand.
  if (known[3] or '') == '' then write(id, { cancel_requested_at = now, cancel_reason = reason, token = token }) end
  return with_record('asked', id)
end

local error_json, message = cancelled_while(state == 'PENDING' and 'waiting' or 'retrying', reason)
finish(id, 'REVOKED', {
  cancel_requested_at = now, cancel_reason = reason, token = token, error_json = error_json, message = message,
}, OUTCOME.REVOKED)
return with_record('ended', id)
