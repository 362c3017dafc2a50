-- Say of entries that a consumer holds that their handlers begin now: one more delivery each, if it still owns them.
--
-- KEYS: stream
-- ARGV: group, consumer, then for each entry its id and the number of this delivery
-- Answers {the ids that the consumer does not own (any more), those whose entries were deleted}: from 7.0 on Redis drops
-- their rows here, so they are named once. Counts only go up, and never above the number that is
-- named: said a second time, after a lost reply, it changes nothing. Redis 5.0 and later.

local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local lost, destroyed = {}, {}
for i = 3, #ARGV, 2 do
  local id, number = ARGV[i], tonumber(ARGV[i + 1])
  local row = redis.call('XPENDING', stream, group, id, id, 1, consumer)
  if #row == 1 then
    local count = math.max(row[1][4], number)
    local kept = redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', count, 'JUSTID')
    if #kept == 0 then destroyed[#destroyed + 1] = id end
  else
    lost[#lost + 1] = id
  end
end
return { lost, destroyed }
