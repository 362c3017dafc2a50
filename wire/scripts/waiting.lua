-- Tell which entries are not due yet.
--
-- KEYS: retries (a sorted set of ids by the time when they are due)
-- ARGV: ids ...
-- Answers those that are due only later. Redis 5.0 and later.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local later = {}
for i = 1, #ARGV do
  local due = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if due and tonumber(due) > now then later[#later + 1] = ARGV[i] end
end
return later
