-- Acknowledge what a consumer has done with, if it still owns it, and move the group's watermark.
--
-- KEYS: stream, checkpoint hash
-- ARGV: group, consumer, "1" to keep the watermark in the hash ("0": only answer it), then ids in ascending order
-- Answers {number acknowledged, watermark, ids that the consumer does not own (any more) ...}
--
-- The watermark is the greatest id up to which every entry of the group is settled: the id before the smallest pending
-- one, or where nothing is pending the last one delivered. In the hash it only goes forward. Redis 5.0 and later.

local stream, checkpoint = KEYS[1], KEYS[2]
local group, consumer, keep = ARGV[1], ARGV[2], ARGV[3]
local FIRST = 4
local CHUNK = 1000

-- Fence: one look over the batch's range of ids finds most of them; where other entries of ours fill it, the rest are
-- looked up one by one.
local owned, mine, lost = {}, {}, {}
local page = 2 * (#ARGV - FIRST + 1)
local rows = {}
if page > 0 then
  rows = redis.call('XPENDING', stream, group, ARGV[FIRST], ARGV[#ARGV], page, consumer)
end
for i = 1, #rows do owned[rows[i][1]] = true end
for i = FIRST, #ARGV do
  local id = ARGV[i]
  if owned[id] or (#rows == page and #redis.call('XPENDING', stream, group, id, id, 1, consumer) == 1) then
    mine[#mine + 1] = id
  else
    lost[#lost + 1] = id
  end
end

local acknowledged = 0
for i = 1, #mine, CHUNK do
  acknowledged = acknowledged + redis.call('XACK', stream, group, unpack(mine, i, math.min(i + CHUNK - 1, #mine)))
end

local function before(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  local function less_one(digits)
    local out, borrow = {}, 1
    for i = #digits, 1, -1 do
      local digit = tonumber(string.sub(digits, i, i)) - borrow
      borrow = digit < 0 and 1 or 0
      out[i] = digit < 0 and 9 or digit
    end
    local text = string.gsub(table.concat(out), '^0+(%d)', '%1')
    return text
  end
  if seq ~= '0' then return ms .. '-' .. less_one(seq) end
  if ms == '0' then return '0-0' end
  return less_one(ms) .. '-18446744073709551615'
end

local watermark = '0-0'
local summary = redis.call('XPENDING', stream, group)
if summary[1] > 0 then
  watermark = before(summary[2])
else
  local groups = redis.call('XINFO', 'GROUPS', stream)
  for i = 1, #groups do
    local info = groups[i]
    local name, delivered
    for j = 1, #info, 2 do
      if info[j] == 'name' then name = info[j + 1] end
      if info[j] == 'last-delivered-id' then delivered = info[j + 1] end
    end
    if name == group then watermark = delivered end
  end
end

local function key_of(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #seq) .. seq
end

if keep == '1' then
  local stored = redis.call('HGET', checkpoint, 'id')
  if not stored or key_of(stored) < key_of(watermark) then
    redis.call('HSET', checkpoint, 'id', watermark)
  end
end

local answer = { acknowledged, watermark }
for i = 1, #lost do answer[#answer + 1] = lost[i] end
return answer
