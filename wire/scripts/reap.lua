-- Remove consumers that have not been heard of for so long, if nothing is pending under their names: what is pending
-- would be dropped with them. Looked at and removed in one step, so nothing can be delivered to one in between.
--
-- KEYS: stream
-- ARGV: group, least idle time in ms
-- Answers the names of those that were removed. Redis 5.0 and later.

-- A stream or group that is gone is NOGROUP here; XINFO's error for a stream has no code.
redis.call('XPENDING', KEYS[1], ARGV[1])
local reaped = {}
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for i = 1, #consumer, 2 do about[consumer[i]] = consumer[i + 1] end
  if about['pending'] == 0 and about['idle'] >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about['name'])
    reaped[#reaped + 1] = about['name']
  end
end
return reaped
