-- renew: keeps the claims of one worker for another lease.
--
-- ARGV: job id, owner, job id, owner, … Answer for each: 'ok' | 'cancel' | 'fenced' (another one runs it) |
--       'waiting' (nobody has claimed it yet) | 'ended' (nobody runs it: it was settled or taken back). A job in
--       RETRY may have been taken from this very owner, so only one that is PENDING is known never to have been its.
local standings = {}
for i = 1, #ARGV, 2 do
  local id, owner = ARGV[i], ARGV[i + 1]
  local known = redis.call('HMGET', record(id), 'state', 'owner', 'cancel_requested_at')
  local standing = known[1] == 'PENDING' and 'waiting' or 'ended'
  if is_running(known[1]) then
    standing = 'fenced'
    if known[2] == owner then
      redis.call('ZADD', key('leases'), now + LEASE_MS, id)
      standing = (known[3] or '') ~= '' and 'cancel' or 'ok'
    end
  end
  standings[#standings + 1] = standing
end
return standings
