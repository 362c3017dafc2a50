-- Append what an event that recurs makes now, and note when it is due again, if it is still due when it was looked at:
-- of all processes that look at the same tick one appends it.
--
-- KEYS: stream, times, events, ended (see schedule.lua)
-- ARGV: schedule id, when it was due, the name of the call that made it, when it is due again ("" for never),
--       about how many entries the stream keeps ("" for all), for how long calls are remembered in ms,
--       then for each entry the number of its words, and its words
-- Answers the ids of the entries, or "" where somebody was faster. Redis 5.0 and later.
--
-- What keeps it from being noted fails before the first entry is appended, which each look would repeat.

local stream, times, events, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, due, call, again, limit, remember = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local present, packed = redis.call('ZSCORE', times, id), redis.call('HGET', events, id)
if not (present and packed) or tonumber(present) ~= due or cmsgpack.unpack(packed)[1] ~= call then return '' end

redis.call('ZADD', times, 'XX', 0, '')
if again == '' then
  redis.call('ZREM', times, '')
  redis.call('HDEL', events, '')
end
local ids, at = {}, 7
while at <= #ARGV do
  local last = at + ARGV[at]
  local words = { 'XADD', stream }
  if limit ~= '' then words = { 'XADD', stream, 'MAXLEN', '~', limit } end
  words[#words + 1] = '*'
  for i = at + 1, last do words[#words + 1] = ARGV[i] end
  ids[#ids + 1] = redis.call(unpack(words))
  at = last + 1
end
if again ~= '' then
  redis.call('ZADD', times, again, id)
else
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREM', times, id)
  redis.call('HDEL', events, id)
  redis.call('ZADD', ended, string.format('%.0f', now + remember), call)
  redis.call('PEXPIRE', ended, remember)
end
return ids
