-- Take over entries that have been idle for so long, whoever holds them: a compare-and-swap. Delivery counts stay as they
-- are: `begin` raises them, when a handler begins. Only the first delivery is counted here, as it is by a read, where it
-- was taken off when the entry was handed back.
--
-- What waits for a retry is left alone until it is due, however idle it is; who takes it, takes it off that list.
--
-- KEYS: stream, retries (a sorted set of ids by the time when they are due; left out where there are none)
-- ARGV: group, consumer, least idle time in ms, ids ...
-- Answers {{id, fields or false, whether it is pending under the consumer's name now, deliveries so far} ...} for those
-- that were idle for so long; false for an entry that was deleted: from 7.0 on Redis then drops its row. Redis 5.0 and
-- later.

-- With: waiting

local stream, group, consumer, idle = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local retries = KEYS[2]
local waits = waits_in(retries)

local answer = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local row = redis.call('XPENDING', stream, group, id, id, 1)
  if #row == 1 and row[1][3] >= idle and not waits(id) then
    if retries then redis.call('ZREM', retries, id) end
    local found = redis.call('XRANGE', stream, id, id)
    if #found == 1 then
      redis.call('XCLAIM', stream, group, consumer, idle, id, 'RETRYCOUNT', math.max(1, row[1][4]), 'JUSTID')
      answer[#answer + 1] = { id, found[1][2], 1, row[1][4] }
    else
      redis.call('XCLAIM', stream, group, consumer, idle, id, 'JUSTID')
      answer[#answer + 1] = { id, false, #redis.call('XPENDING', stream, group, id, id, 1, consumer), row[1][4] }
    end
  end
end
return answer
