-- Take entries that are pending under our own name but that we never saw: a read that was cut short delivered them.
-- Their counts stay as they are, as in `claim`. Entries that others have claimed meanwhile are left alone.
--
-- What waits for a retry is left alone until it is due.
--
-- KEYS: stream, retries (a sorted set of ids by the time when they are due; left out where there are none)
-- ARGV: group, consumer, ids ...
-- Answers {{id, deliveries so far, fields or false} ...}: false for an entry that was deleted. Redis 5.0 and later.

-- With: waiting

local retries = KEYS[2]
local waits = waits_in(retries)

local answer = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if #row == 1 and not waits(id) then
    if retries then redis.call('ZREM', retries, id) end
    local found = redis.call('XRANGE', KEYS[1], id, id)
    if #found == 1 then
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', math.max(1, row[1][4]), 'JUSTID')
      answer[#answer + 1] = { id, row[1][4], found[1][2] }
    else
      answer[#answer + 1] = { id, row[1][4], false }
    end
  end
end
return answer
