-- retry: a job that ended without a result gets another attempt under its old id. The one way out of a final state.
--
-- ARGV: id, this request's token, what the job says until it runs.
-- Answer: 'unknown' | 'gone' | 'refused' (it runs, waits or has its result) | 'again', then the record as name, value, …
local id, token = ARGV[1], ARGV[2]
local known = redis.call('HMGET', record(id), 'state', 'token', 'queue', 'priority', 'timeout_seconds', 'checkpoint_json',
  'attempt')
local state = known[1]

if not state then return { missing(id) } end
if known[2] == token then return with_record('again', id) end -- the same request, sent twice over a broken connection
if state ~= 'FAILURE' and state ~= 'REVOKED' then return with_record('refused', id) end
-- Its time is over: wake has forgotten it, and the record goes in this millisecond.
if not redis.call('ZSCORE', key('index'), id) then return { 'gone' } end

redis.call('PERSIST', record(id))
redis.call('PERSIST', record(id) .. ':log')
redis.call('PERSIST', record(id) .. ':moves')
redis.call('DEL', key('gone:' .. id))
redis.call('ZREM', key('retained'), id)
reindex(id, state, 'RETRY')
local changes = {
  state = 'RETRY', token = token, message = ARGV[3], retries = 0, lost = 0, result_json = '', error_json = '',
  cancel_requested_at = '', cancel_reason = '', finished_at = '', gone_at = '', scheduled_for = '', start_before_at = '',
}
empty_bar_unless(known[6], changes)
count(id, 'restarted')
write(id, changes)
note(id, 'RETRY', 'restarted', known[7])
ring(id, known[3], LANE_OF[known[4]], known[5])
return with_record('again', id)
