-- Change fields of a dead letter. Entries of a stream can't be changed: the letter is written anew, and the former one is
-- gone, in one step. Who may not take letters away is refused before that: taking away nothing comes first.
--
-- KEYS: dead-letter stream
-- ARGV: id, then all fields of the new letter ...
-- Answers the new letter's id, or false where the former one is not there any more. Redis 5.0 and later.

if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return false end
redis.call('XDEL', KEYS[1], '0-0')
local words = { 'XADD', KEYS[1], '*' }
for i = 2, #ARGV do words[#words + 1] = ARGV[i] end
local id = redis.call(unpack(words))
redis.call('XDEL', KEYS[1], ARGV[1])
return id
