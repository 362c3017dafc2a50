-- Note an event that is to be appended later.
--
-- KEYS: times (a sorted set of schedule ids by the millisecond when they are due), events (a hash, schedule id to what is
--       to be appended), ended (a sorted set of calls whose schedules are over, by until when they are remembered)
-- ARGV: schedule id, "at" or "after", milliseconds, then what is kept as a MessagePack array: the call's own name, the rule
--       by which the event recurs ("" for once), and the words of the entry
-- Answers when it is due, or -1 if this very call did it before and it is over since.
--
-- Safe to repeat, however late: the call's name tells whether it was done. Another call with the same schedule id
-- replaces what the former one said; one that recurs by the same rule stays due when it is. Redis 5.0 and later.

local times, events, ended = KEYS[1], KEYS[2], KEYS[3]
local id, how, ms, call, rule = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]

if how == 'after' then
  local time = redis.call('TIME')
  ms = ms + time[1] * 1000 + math.floor(time[2] / 1000)
end
if redis.call('ZSCORE', ended, call) then return -1 end
local known, due = redis.call('HGET', events, id), redis.call('ZSCORE', times, id)
if known and due then
  local old = cmsgpack.unpack(known)
  if old[1] == call then return tonumber(due) end
  if rule ~= '' and old[2] == rule then ms = tonumber(due) end
end
local event = {}
for i = 4, #ARGV do event[#event + 1] = ARGV[i] end
redis.call('HSET', events, id, cmsgpack.pack(event))
redis.call('ZADD', times, string.format('%.0f', ms), id)
return ms
