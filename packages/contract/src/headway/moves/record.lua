-- What every script shares: the time, the keys, the one way to write a record, and the doorbell.
--
-- KEYS[1] is the key prefix. The words in capitals (MOVES, LANE_OF, LANE_SPAN, …) are
-- put in front of this file by the store: Python owns them.
local prefix = KEYS[1]
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)

local function key(name) return prefix .. name end
local function record(id) return prefix .. 'job:' .. id end

local function is_running(state) return state == 'STARTED' or state == 'PROGRESS' end

-- Too large to be sent to every watcher; whoever needs them reads the record.
local UNPUBLISHED = { result_json = true, checkpoint_json = true, args_json = true, token = true }

-- Why there is no record.
local function missing(id) return redis.call('EXISTS', key('gone:' .. id)) == 1 and 'gone' or 'unknown' end

-- An answer of a word and the record as name, value, …
local function with_record(word, id) return { word, unpack(redis.call('HGETALL', record(id))) } end

-- A job with a checkpoint goes on from it, and its bar stays where it was; any other begins anew.
local function empty_bar_unless(checkpoint_json, changes)
  if (checkpoint_json or '') ~= '' then return end
  changes.current = ''
  changes.total = ''
end

-- Writes changed fields, raises the version and tells the watchers. The one place that changes a record.
local function write(id, changes)
  changes.updated_at = now
  changes.version = redis.call('HINCRBY', record(id), 'version', 1)
  local flat, published = {}, {}
  for name, value in pairs(changes) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
    if not UNPUBLISHED[name] then published[name] = tostring(value) end
  end
  redis.call('HSET', record(id), unpack(flat))
  redis.call('PUBLISH', record(id), cjson.encode(published))
  return changes.version
end

-- A text of the story: not longer than it may be, and cut between two characters of UTF-8.
local function clipped(text)
  if (text or '') == '' then return cjson.null end
  if #text <= MOVE_DETAIL_BYTES then return text end
  local cut = MOVE_DETAIL_BYTES
  while text:byte(cut + 1) >= 128 and text:byte(cut + 1) < 192 do cut = cut - 1 end
  return text:sub(1, cut) .. '…'
end

-- Adds to the job's story. A full Redis refuses a script whose first write needs memory: this is never the first.
local function note(id, state, why, attempt, owner, detail)
  local story = record(id) .. ':moves'
  local worker = (owner or ''):match('^[^/]*')
  local entry = cjson.encode({ now, state, tonumber(attempt) or 0, why, clipped(detail), clipped(worker) })
  if redis.call('RPUSH', story, entry) <= MOVES_KEPT then return end
  redis.call('LSET', story, FIRST_MOVES_KEPT, '')
  redis.call('LREM', story, 1, '')
end

-- Keeps the lists by state true.
local function reindex(id, was, state)
  redis.call('ZADD', key('index:' .. state), redis.call('ZSCORE', key('index'), id), id)
  redis.call('ZREM', key('index:' .. was), id)
end

-- Moves a job to another state, with whatever else changes at the same time; `why` is for its story.
local function move(id, state, changes, why)
  local known = redis.call('HMGET', record(id), 'state', 'attempt', 'owner', TOLD[why] or 'state')
  local was = known[1]
  if not MOVES[was][state] then
    error('forbidden move of ' .. id .. ' from ' .. was .. ' to ' .. state)
  end
  if was ~= state then reindex(id, was, state) end
  if is_running(was) and not is_running(state) then redis.call('ZREM', key('leases'), id) end
  changes.state = state
  local version = write(id, changes)
  local owner = (changes.owner or '') ~= '' and changes.owner or known[3]
  note(id, state, why, known[2], owner, TOLD[why] and (changes[TOLD[why]] or known[4]))
  return version
end

-- Counts what happened to a job, for good: in the step that does it, so that no figure can differ from what was done.
-- What names more queues and tasks than anybody can look at is counted together.
local function count(id, what, label)
  local known = redis.call('HMGET', record(id), 'queue', 'task')
  local field = table.concat({ what, label or '', known[1] or OTHER, known[2] or OTHER }, '|')
  if redis.call('HINCRBY', key('counts'), field, 1) > 1 or redis.call('HLEN', key('counts')) <= COUNTS_KEPT then return end
  redis.call('HDEL', key('counts'), field)
  redis.call('HINCRBY', key('counts'), table.concat({ what, label or '', OTHER, OTHER }, '|'), 1)
end

-- Puts a job in the line and rings: a place in `open`, and the message that wakes a worker.
local function ring(id, queue, lane, timeout_seconds)
  local sequence = redis.call('INCR', key('sequence'))
  local soft = tonumber(timeout_seconds)
  local message = DOORBELL:gsub('@(%w+)@', {
    id = id, lane = tostring(lane), tag = id .. '.' .. sequence,
    soft = soft and tostring(soft) or 'null', hard = soft and tostring(soft + HARD_LIMIT_GRACE) or 'null',
  })
  redis.call('ZADD', key('open:' .. queue), lane * LANE_SPAN + sequence, id)
  redis.call('LPUSH', key('queue:' .. queue) .. (lane > 0 and '@' .. lane or ''), message)
end

-- Ends a job: the record stays for its retention, a tombstone for a week more.
local function finish(id, state, changes, outcome)
  local known = redis.call('HMGET', record(id), 'retention_seconds', 'queue')
  local retention = tonumber(known[1])
  changes.finished_at = now
  changes.gone_at = now + retention * 1000
  changes.owner = ''
  redis.call('ZREM', key('open:' .. known[2]), id)
  redis.call('ZREM', key('scheduled'), id)
  redis.call('ZREM', key('expiring'), id)
  redis.call('ZREM', key('unanswered'), id)
  -- A full Redis refuses a script whose first write needs memory. So this comes behind those that free some.
  count(id, 'finished', outcome)
  local version = move(id, state, changes, outcome)
  redis.call('EXPIRE', record(id), retention)
  redis.call('EXPIRE', record(id) .. ':log', retention)
  redis.call('EXPIRE', record(id) .. ':moves', retention)
  redis.call('SET', key('gone:' .. id), '1', 'EX', retention + TOMBSTONE_SECONDS)
  redis.call('ZADD', key('retained'), changes.gone_at, id)
  return version
end

-- The error and the words of a cancelled job, with the reason that its client gave.
local function cancelled_while(how, reason)
  if (reason or '') == '' then return CANCELLED[how], cjson.decode(CANCELLED[how]).detail end
  local problem = cjson.decode(CANCELLED[how])
  problem.detail = problem.detail .. REASON .. reason
  problem.reason = reason
  return (cjson.encode(problem):gsub('\\/', '/')), problem.detail -- cjson escapes slashes without need
end

-- Turns 'name', value, 'name', value … from ARGV[first] on into a table.
local function pairs_from(first)
  local found = {}
  for i = first, #ARGV, 2 do found[ARGV[i]] = ARGV[i + 1] end
  return found
end
