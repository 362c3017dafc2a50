-- Make an empty stream where there is none.
--
-- KEYS: stream
-- ARGV: none
-- Answers 1 if it was made, 0 if it existed. Redis 5.0 and later.
--
-- A group made and destroyed leaves an empty stream; an entry added and deleted would use up an id. In one step: a retention
-- that saw the group would miss it for ever, and remove nothing any more.

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('XGROUP', 'CREATE', KEYS[1], 'create_stream', '$', 'MKSTREAM')
redis.call('XGROUP', 'DESTROY', KEYS[1], 'create_stream')
return 1
