-- Have Redis itself remember the tokens of a stream for so long, and so many of each producer, at least (Redis 8.6).
--
-- KEYS: stream
-- ARGV: seconds, tokens of each producer
-- Answers the two numbers that are in force.
--
-- Whatever changes makes Redis forget all that it remembers, so nothing is changed without need, and never to less. Only
-- a stream that is there can be told; one that is not is made, empty.

local stream = KEYS[1]
if redis.call('EXISTS', stream) == 0 then
  redis.call('XADD', stream, 'MAXLEN', '=', 0, '*', 'made', 'empty')
end
local about = redis.call('XINFO', 'STREAM', stream)
local now = {}
for i = 1, #about, 2 do now[about[i]] = about[i + 1] end
local seconds = math.max(tonumber(ARGV[1]), now['idmp-duration'])
local tokens = math.max(tonumber(ARGV[2]), now['idmp-maxsize'])
if seconds > now['idmp-duration'] or tokens > now['idmp-maxsize'] then
  redis.call('XCFGSET', stream, 'IDMP-DURATION', seconds, 'IDMP-MAXSIZE', tokens)
end
return { seconds, tokens }
