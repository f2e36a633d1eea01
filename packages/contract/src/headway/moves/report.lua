-- report: progress, log lines and a checkpoint of a running attempt, in one write.
--
-- ARGV: id, fence, number of log lines, the lines, log limit, then fields out of
--       current, total, message, checkpoint_json.
-- Answer: 'ok' | 'cancel' (stop soon) | 'fenced' (another attempt owns the job: nothing was written).
local id, fence = ARGV[1], ARGV[2]
local known = redis.call('HMGET', record(id),
  'state', 'fence', 'current', 'total', 'pace_at', 'cancel_requested_at')
if not is_running(known[1]) or known[2] ~= fence then return 'fenced' end

local lines = tonumber(ARGV[3])
local log_limit = ARGV[4 + lines]
local changes = pairs_from(5 + lines)

-- Within an attempt the bar never goes back; a smaller report keeps its words only.
local function goes_back()
  local old, old_total = tonumber(known[3]), tonumber(known[4])
  local new, new_total = tonumber(changes.current), tonumber(changes.total or known[4])
  if not old then return false end
  if (old_total or 0) > 0 and (new_total or 0) > 0 then return new / new_total < old / old_total end
  return (old_total or 0) > 0 or ((new_total or 0) <= 0 and new < old)
end

local state = known[1]
if not changes.current or goes_back() then
  changes.current, changes.total = nil, nil
elseif known[5] == '' or not known[5] then
  changes.pace_at = now
  changes.pace_from = changes.current
end
if lines > 0 then changes.lines = redis.call('HINCRBY', record(id), 'lines', lines) end
if changes.current or changes.message then state = 'PROGRESS' end

local version
if state == known[1] then version = write(id, changes) else version = move(id, state, changes, 'progressed') end
for i = 1, lines do
  -- The id ties a line to the version that announced it, so that a stream can resume between two lines.
  redis.call('XADD', record(id) .. ':log', 'MAXLEN', '~', log_limit, version .. '-' .. i, 'text', ARGV[3 + i], 'at', now)
end
return (known[6] or '') ~= '' and 'cancel' or 'ok'
