-- Make entries that a stopping consumer did not finish look idle for so long that others take them at once. They stay
-- under its name until somebody does. A delivery that was cut short is taken off its count.
--
-- KEYS: stream
-- ARGV: group, consumer, idle time in ms, then for each entry its id and how often it has been delivered
-- Answers how many were handed back, then the ids of those whose entries were deleted: from 7.0 on Redis drops their rows
-- here, so they are named once. Redis 5.0 and later.

local answer = { 0 }
for i = 4, #ARGV, 2 do
  local id, deliveries = ARGV[i], tonumber(ARGV[i + 1])
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if #row == 1 then
    local kept = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3],
      'RETRYCOUNT', math.min(row[1][4], deliveries), 'JUSTID')
    if #kept == 1 then answer[1] = answer[1] + 1 else answer[#answer + 1] = id end
  end
end
return answer
