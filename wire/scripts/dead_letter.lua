-- Move an entry to the dead-letter stream and acknowledge it, in one step, if the consumer still owns it.
--
-- KEYS: stream, dead-letter stream
-- ARGV: group, consumer, id, fields of the dead letter ...
-- Answers the dead letter's id, or false where the entry is not the consumer's (any more). Redis 5.0 and later.

local row = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #row == 0 then return false end
local words = { 'XADD', KEYS[2], '*' }
for i = 4, #ARGV do words[#words + 1] = ARGV[i] end
local id = redis.call(unpack(words))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
return id
