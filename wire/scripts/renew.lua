-- Reset the idle time of entries that a consumer holds, if it still owns them. Delivery counts stay as they are.
--
-- KEYS: stream
-- ARGV: group, consumer, ids ...
-- Answers {the ids that the consumer does not own (any more), those whose entries were deleted}: from 7.0 on Redis drops
-- their rows here, so they are named once. Redis 5.0 and later.

local mine, lost, destroyed = {}, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if #row == 1 then mine[#mine + 1] = id else lost[#lost + 1] = id end
end
local CHUNK = 1000
for i = 1, #mine, CHUNK do
  local words = { 'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0 }
  for j = i, math.min(i + CHUNK - 1, #mine) do words[#words + 1] = mine[j] end
  words[#words + 1] = 'JUSTID'
  local renewed = redis.call(unpack(words))
  local at = 1
  for j = i, #renewed < #words - 6 and math.min(i + CHUNK - 1, #mine) or 0 do
    if renewed[at] == mine[j] then at = at + 1 else destroyed[#destroyed + 1] = mine[j] end
  end
end
return { lost, destroyed }
