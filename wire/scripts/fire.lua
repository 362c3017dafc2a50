-- Append what is due, each in one step with forgetting it: whoever comes second finds nothing.
--
-- KEYS: stream, times, events, ended (see schedule.lua)
-- ARGV: schedules at most, how many of those that are due to pass over, about how many entries the stream keeps ("" for
--       all), for how long calls are remembered in ms
-- Answers {ms until the next one is due, 0 where more of them are, -1 where there is none; what time it is;
--          {schedule id, id of the entry} ...}.
-- One that recurs is left to recur.lua: {schedule id, "", when it is due, its event}. One that Redis refuses stays as it is,
-- and holds up no other one: {schedule id, the error}. Redis 5.0 and later.
--
-- A script may be refused its first write for lack of memory, and none behind that: so one that needs some comes first. What
-- keeps schedules from being forgotten, or anything from being written, fails before the first entry is appended, which
-- each look would repeat; and as the script's own error, by which a server that was demoted is left.

local stream, times, events, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local most, passed, limit, remember = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer, is_over = { -1, now }, false

local due = redis.call('ZRANGEBYSCORE', times, '-inf', string.format('%.0f', now), 'WITHSCORES', 'LIMIT', passed, most)
if #due > 0 then
  redis.call('ZADD', ended, 'XX', 0, '')
  redis.call('ZREM', times, '')
  redis.call('HDEL', events, '')
end
for i = 1, #due, 2 do
  local id, packed = due[i], redis.call('HGET', events, due[i])
  if not packed then
    redis.call('ZREM', times, id)
  else
    local event = cmsgpack.unpack(packed)
    if event[2] ~= '' then
      answer[#answer + 1] = { id, '', tonumber(due[i + 1]), packed }
    else
      local words = { 'XADD', stream }
      if limit ~= '' then words = { 'XADD', stream, 'MAXLEN', '~', limit } end
      words[#words + 1] = '*'
      for j = 3, #event do words[#words + 1] = event[j] end
      local entry = redis.pcall(unpack(words))
      answer[#answer + 1] = { id, entry }
      if type(entry) == 'string' then
        is_over = true
        redis.call('ZREM', times, id)
        redis.call('HDEL', events, id)
        redis.call('ZADD', ended, string.format('%.0f', now + remember), event[1])
      end
    end
  end
end
if is_over then
  redis.call('ZREMRANGEBYSCORE', ended, '-inf', string.format('%.0f', now))
  redis.call('PEXPIRE', ended, remember)
end
if #due == 2 * most then
  answer[1] = 0
  return answer
end
local next = redis.call('ZRANGEBYSCORE', times, '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if #next == 2 then answer[1] = math.max(1, tonumber(next[2]) - now) end
return answer
