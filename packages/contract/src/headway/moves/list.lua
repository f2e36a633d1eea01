-- list: the records of a page; what is too long for a list stands as JSON's null. Changes nothing.
--
-- ARGV: ids. Answer for each: the record as name, value, …; empty when it was just dropped.
local function listed(id)
  local is_long, has_long = {}, false
  for _, name in ipairs(LONG_FIELDS) do
    is_long[name] = redis.call('HSTRLEN', record(id), name) > LISTED_BYTES
    has_long = has_long or is_long[name]
  end
  if not has_long then return redis.call('HGETALL', record(id)) end

  local stored = {}
  for _, name in ipairs(redis.call('HKEYS', record(id))) do
    stored[#stored + 1] = name
    stored[#stored + 1] = is_long[name] and 'null' or redis.call('HGET', record(id), name)
  end
  return stored
end

local records = {}
for _, id in ipairs(ARGV) do records[#records + 1] = listed(id) end
return records
