-- Look which entries are due again, and when the next one is.
--
-- KEYS: stream, retries (a sorted set of ids by the time when they are due)
-- ARGV: group, number of ids at most
-- Answers {ms until the next one is due, or -1 where there is none, {id, deliveries so far} ...}, the first of those that
-- are due. What is not pending any more is forgotten. Redis 5.0 and later.

local stream, retries, group, most = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = { -1 }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', retries, '-inf', string.format('%.0f', now), 'LIMIT', 0, most)) do
  local row = redis.call('XPENDING', stream, group, id, id, 1)
  if #row == 1 then
    answer[#answer + 1] = { id, row[1][4] }
  else
    redis.call('ZREM', retries, id)
  end
end
local next = redis.call('ZRANGEBYSCORE', retries, '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if #next == 2 then answer[1] = math.max(1, tonumber(next[2]) - now) end
return answer
