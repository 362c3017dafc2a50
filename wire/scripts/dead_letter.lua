-- Move an entry to the dead-letter stream and acknowledge it, in one step, if the consumer still owns it.
--
-- KEYS: stream, dead-letter stream, checkpoint hash
-- ARGV: group, consumer, id, the group's history in which it was delivered ("": any), fields of the dead letter ...
-- Answers the dead letter's id, or false where the entry is not the consumer's (any more), or the error "HISTORY" with the
-- present one if the group has begun another since: the same id may stand for another entry in it. Redis 5.0 and later.
--
-- A script may be refused its first write for lack of memory, and none behind that. Acknowledging nothing comes first: else
-- one event that always fails keeps others from being settled, and what frees memory would wait for it.

local row = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #row == 0 then return false end
if ARGV[4] ~= '' then
  local now = redis.call('HGET', KEYS[3], 'history')
  if now and now ~= ARGV[4] then return redis.error_reply('HISTORY ' .. now) end
end
redis.call('XACK', KEYS[1], ARGV[1], '0-0')
local words = { 'XADD', KEYS[2], '*' }
for i = 5, #ARGV do words[#words + 1] = ARGV[i] end
local id = redis.call(unpack(words))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
return id
