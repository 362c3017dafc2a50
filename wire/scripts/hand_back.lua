-- Make entries that a stopping consumer did not finish look idle for so long that others take them at once. They stay
-- under its name, with their delivery counts, until somebody does.
--
-- KEYS: stream
-- ARGV: group, consumer, idle time in ms, ids ...
-- Answers how many were handed back. Redis 5.0 and later.

local count = 0
for i = 4, #ARGV do
  local id = ARGV[i]
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if #row == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3], 'JUSTID')
    count = count + 1
  end
end
return count
