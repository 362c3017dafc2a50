-- Acknowledge what a consumer has done with, if it still owns it, and move the group's watermark.
--
-- KEYS: stream, checkpoint hash
-- ARGV: group, consumer, "1" to keep the watermark in the hash ("0": only answer it), the group's history in which the
--       ids were delivered ("": any), then ids in ascending order
-- Answers {number acknowledged, watermark, ids that the consumer does not own (any more) ...}, or the error "HISTORY" with
-- the present one if the group has begun another since: the same ids may stand for other entries in it.
--
-- The watermark is the greatest id up to which every entry of the group is settled: the id before the smallest pending
-- one, or where nothing is pending the last one delivered. In the hash it only goes forward. Redis 5.0 and later.
--
-- A script may be refused its first write for lack of memory, and none behind that: it acknowledges first, be it nothing.

-- With: ids, fields

local stream, checkpoint = KEYS[1], KEYS[2]
local group, consumer, keep, history = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local FIRST = 5
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

if keep == '1' and history ~= '' then
  local now = redis.call('HGET', checkpoint, 'history')
  if now and now ~= history then return redis.error_reply('HISTORY ' .. now) end
end

local acknowledged = #mine == 0 and redis.call('XACK', stream, group, '0-0') or 0
for i = 1, #mine, CHUNK do
  acknowledged = acknowledged + redis.call('XACK', stream, group, unpack(mine, i, math.min(i + CHUNK - 1, #mine)))
end

local function last_delivered()
  for _, about in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local named = fields(about)
    if named['name'] == group then return named['last-delivered-id'] end
  end
end

-- Before XINFO, whose error for a stream that is gone has no code.
local summary = redis.call('XPENDING', stream, group)
local watermark = summary[1] > 0 and before(summary[2]) or last_delivered()

-- `ensure_group` knows by it whether a stream is still the same: how many entries had been added up to which one. Of the
-- stream, and not of the group: a group that was made in its midst does not know how many it has read. It is looked at
-- while the stream is young, and then once in a second of the stream's time. A server that does not count (before 7.0)
-- leaves it empty.
local YOUNG = 100
local function is_worth_a_look()
  local added, last = redis.call('HGET', checkpoint, 'added'), redis.call('HGET', checkpoint, 'last')
  if not added or added == '' then return false end
  return tonumber(added) < YOUNG or string.match(watermark, '^%d+') - string.match(last, '^%d+') >= 1000
end

if keep == '1' then
  local stored = redis.call('HGET', checkpoint, 'id')
  if not stored or key_of(stored) < key_of(watermark) then
    redis.call('HSET', checkpoint, 'id', watermark)
    if is_worth_a_look() then
      local now = fields(redis.call('XINFO', 'STREAM', stream))
      redis.call('HSET', checkpoint, 'added', now['entries-added'], 'last', now['last-generated-id'])
    end
  end
end

local answer = { acknowledged, watermark }
for i = 1, #lost do answer[#answer + 1] = lost[i] end
return answer
