-- Forget an event that was to be appended later.
--
-- KEYS: times, events, ended (see schedule.lua)
-- ARGV: schedule id, for how long its call is remembered in ms
-- Answers whether there was one. Redis 5.0 and later.

local times, events, ended = KEYS[1], KEYS[2], KEYS[3]
local packed = redis.call('HGET', events, ARGV[1])
if not packed then return 0 end
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2])
redis.call('ZREM', times, ARGV[1])
redis.call('HDEL', events, ARGV[1])
redis.call('ZADD', ended, string.format('%.0f', until_ms), cmsgpack.unpack(packed)[1])
redis.call('PEXPIRE', ended, ARGV[2])
return 1
