-- Let go of entries whose handlers failed, and note when they are due again. They stay pending, look idle for so long that
-- they have reached the idle limit when they are due, and the set says until when nobody takes them over before.
--
-- KEYS: stream, retries (a sorted set of ids by the time when they are due), checkpoint hash
-- ARGV: group, consumer, idle limit in ms, the group's history in which the ids were delivered ("": any), then for each
--       entry its id and its delay in ms
-- Answers {the ids that the consumer does not own (any more), those whose entries were deleted}, or the error "HISTORY"
-- with the present one if the group has begun another since. From 7.0 on Redis drops the rows of deleted entries here, so
-- they are named once. Said a second time, it only delays a little more. Redis 5.0 and later.

local stream, retries, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local limit, history = tonumber(ARGV[3]), ARGV[4]
if history ~= '' then
  local present = redis.call('HGET', KEYS[3], 'history')
  if present and present ~= history then return redis.error_reply('HISTORY ' .. present) end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Where the clock goes on within a script, the entry shall not be due before it is idle for long enough.
local SLACK_MS = 5
local lost, destroyed = {}, {}
for i = 5, #ARGV, 2 do
  local id, delay = ARGV[i], tonumber(ARGV[i + 1])
  if #redis.call('XPENDING', stream, group, id, id, 1, consumer) == 1 then
    local idle = math.max(0, limit - delay) + SLACK_MS
    local kept = redis.call('XCLAIM', stream, group, consumer, 0, id, 'IDLE', string.format('%.0f', idle), 'JUSTID')
    if #kept == 1 then
      redis.call('ZADD', retries, string.format('%.0f', now + delay), id)
    else
      destroyed[#destroyed + 1] = id
    end
  else
    lost[#lost + 1] = id
  end
end
return { lost, destroyed }
