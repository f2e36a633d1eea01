-- interrupt: a worker, or its parent, gives a job back.
--
-- ARGV: id, owner, 'lost', 'drained' or 'declined', the error if this was one lost worker too many.
-- Answer: 'ok' | 'ended' | 'fenced' (the owner does not run it).
local id, owner = ARGV[1], ARGV[2]
local known = redis.call('HMGET', record(id), 'state', 'owner')
if not is_running(known[1]) or known[2] ~= owner then return 'fenced' end
return take_back(id, ARGV[3], ARGV[4])
