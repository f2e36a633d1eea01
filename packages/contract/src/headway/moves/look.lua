-- look: a job and, while it waits, where it stands: one question instead of three. Changes nothing.
--
-- ARGV: id. Answer: 'gone' | 'unknown' | 'found', whether it is scheduled (1 or 0), its rank in line or -1,
--       the live workers' announcements, then the record as name, value, …
local id = ARGV[1]
local stored = redis.call('HGETALL', record(id))
if #stored == 0 then return { missing(id) } end

local known = redis.call('HMGET', record(id), 'state', 'queue')
if known[1] ~= 'PENDING' and known[1] ~= 'RETRY' then return { 'found', 0, -1, {}, unpack(stored) } end

local announced = {}
for _, name in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
  announced[#announced + 1] = redis.call('GET', key('worker:' .. name)) or nil
end
return {
  'found', redis.call('ZSCORE', key('scheduled'), id) and 1 or 0,
  redis.call('ZRANK', key('open:' .. known[2]), id) or -1, announced, unpack(stored),
}
