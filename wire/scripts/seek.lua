-- Have a consumer group go on at another place: what comes after an id is delivered next, whether it was before or not.
--
-- KEYS: stream, checkpoint hash, retries (a sorted set of ids by the time when they are due)
-- ARGV: group, id or $ for the end of the stream, "1" only to tell what would be, how many seeks are noted
-- Answers {id that was delivered last so far, id after which the group goes on, how many pending entries come after it}.
--
-- Those are not pending any more: they are delivered anew. What is pending before stays, and the watermark goes just below
-- it. A new history begins, so that verdicts on what was delivered before the seek are not taken for verdicts on what is
-- delivered after it; the hash notes the last few seeks, for consumers that held something meanwhile. The number of a seek
-- is its time in microseconds: a failover may undo one, and the next one shall not be taken for it. Redis 5.0 and later.

-- With: ids, fields

local stream, checkpoint, retries = KEYS[1], KEYS[2], KEYS[3]
local group, target, dry = ARGV[1], ARGV[2], ARGV[3] == '1'
local noted_max = tonumber(ARGV[4])
local PAGE = 1000

-- A stream or group that is gone is NOGROUP here; XINFO's error for a stream has no code.
redis.call('XPENDING', stream, group)
local info = fields(redis.call('XINFO', 'STREAM', stream))
local last, delivered = info['last-generated-id'], nil
for _, about in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local named = fields(about)
  if named['name'] == group then delivered = named['last-delivered-id'] end
end
if target == '$' or key_of(target) > key_of(last) then target = last end

local after, start, taken = key_of(target), target, 0
repeat
  local rows, ids = redis.call('XPENDING', stream, group, start, '+', PAGE), {}
  for _, row in ipairs(rows) do
    if key_of(row[1]) > after then ids[#ids + 1] = row[1] end
  end
  if #ids > 0 then
    taken, start, after = taken + #ids, ids[#ids], key_of(ids[#ids])
    if not dry then
      redis.call('XACK', stream, group, unpack(ids))
      redis.call('ZREM', retries, unpack(ids))
    end
  end
until #ids == 0
if dry then return { delivered, target, taken } end

redis.call('XGROUP', 'SETID', stream, group, target)
local former = redis.call('HGET', checkpoint, 'history') or ''
local name, number = string.match(former, '^(.-)%.(%d+)$')
local noted = {}
if number then
  for note in string.gmatch(redis.call('HGET', checkpoint, 'seeks') or '', '%S+') do noted[#noted + 1] = note end
end
local time = redis.call('TIME')
name, number = name or former, math.max(tonumber(number or 0) + 1, time[1] * 1000000 + time[2])
noted[#noted + 1] = string.format('%.0f', number) .. '@' .. target
local pending = redis.call('XPENDING', stream, group)
redis.call('HSET', checkpoint,
  'id', pending[1] > 0 and before(pending[2]) or target,
  'history', name .. '.' .. string.format('%.0f', number),
  'seeks', table.concat(noted, ' ', math.max(1, #noted - noted_max + 1)),
  'added', info['entries-added'] or '', 'last', last)
return { delivered, target, taken }
