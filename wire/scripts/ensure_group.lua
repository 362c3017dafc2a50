-- Have a consumer group exist: create it where there has never been one, and at its checkpoint where it was lost.
--
-- KEYS: stream, checkpoint hash, retries (a sorted set of ids by the time when they are due), groups (the hash in which `retain`
--       looks up which groups there are; left out where nobody does)
-- ARGV: group, id (or $) after which a new group begins, "1" if the checkpoint is in the hash,
--       else the checkpoint itself, or "" where there is none; a name for the history that begins if it is made;
--       what to do where it was lost: "resume_at_checkpoint", "replay" or "fail"; "1" if the caller has seen it before;
--       the call's own name, the same where it is repeated because nobody heard the answer ("": it is not)
-- Answers {what, id}: "existed" and its watermark so far, or "created", "recreated", "restarted", "replayed" and where
-- it begins; or "lost" and the checkpoint, and then no group was made.
--
-- What waits for a retry in a group that is gone waits for nothing: it is delivered anew, and must not wait again.
--
-- A call that is repeated is answered as it was the first time, or what it did would be told by nobody: beside the group's name
-- is noted which call made it, what it answered, and where the group began.
--
-- "restarted": the stream was lost too, and it is another one now; all that is in it is new, and the group begins at 0.
-- That is so where the checkpoint lies above its last id, or where it can't have grown out of what it was when we looked
-- last: fewer entries were ever added to it than then, or fewer since than it has after the last id of then. Redis
-- counts them from 7.0 on.
--
-- Each time that the group is made a history of it begins, with a name of its own: what was delivered in a former one
-- is not settled in this one, where the same ids may stand for other entries.
--
-- The group is noted where it begins to exist, and not where somebody first looks for what it needs: between the two it
-- may be lost, and what it needs with it. Redis 5.0 and later.
--
-- A script may be refused its first write for lack of memory, and none behind that. Acknowledging nothing comes first: who
-- frees memory must be able to start.

-- With: ids, fields

local stream, checkpoint, retries, known = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, start, kept, history, on_group_lost, seen = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5], ARGV[6] == '1'
local call, noted = ARGV[7], known and redis.call('HGET', known, group)

-- How many of the entries that were added since are counted, to see whether they may be as many.
local COUNTED = 1000

local function is_another(added)
  local then_added, then_last = redis.call('HGET', checkpoint, 'added'), redis.call('HGET', checkpoint, 'last')
  if not (added and then_added) or then_added == '' then return false end
  local since = added - then_added
  if since < 0 then return true end
  return since < COUNTED and #redis.call('XRANGE', stream, '(' .. then_last, '+', 'COUNT', since + 1) > since
end

local function remember(last, added)
  redis.call('HSET', checkpoint, 'added', added or '', 'last', last)
end

redis.pcall('XACK', stream, group, '0-0')
local last, added = '0-0', false
if redis.call('EXISTS', stream) == 1 then
  local kind = redis.call('TYPE', stream)
  if (type(kind) == 'table' and kind.ok or kind) ~= 'stream' then
    return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value')
  end
  local info = fields(redis.call('XINFO', 'STREAM', stream))
  last, added = info['last-generated-id'], info['entries-added']
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local named = fields(info)
    if named['name'] == group then
      local maker, did, began = string.match(noted or '', '^(%S+) (%S+) (%S+)$')
      if maker == call then return { did, began } end
      if known and not noted then redis.call('HSET', known, group, '') end
      local mark = kept and redis.call('HGET', checkpoint, 'id')
      if kept then
        if not redis.call('HGET', checkpoint, 'history') then redis.call('HSET', checkpoint, 'history', history) end
        remember(last, added)
      end
      if not mark then
        -- Somebody else made the group. With nothing pending, all that it has delivered is settled; else the next
        -- batch that is settled finds out how far.
        mark = '0-0'
        if named['pending'] == 0 then mark = named['last-delivered-id'] end
        if kept and mark ~= '0-0' then redis.call('HSET', checkpoint, 'id', mark) end
      end
      return { 'existed', mark }
    end
  end
end

if redis.call('EXISTS', retries) == 1 then redis.call('DEL', retries) end
local mark = ARGV[3]
if kept then mark = redis.call('HGET', checkpoint, 'id') or '' end
if on_group_lost == 'fail' and (seen or mark ~= '') then
  return { 'lost', mark ~= '' and mark or '0-0' }
end
local what, begin = 'created', start == '$' and last or start
if mark ~= '' then
  what, begin = 'recreated', mark
  if key_of(mark) > key_of(last) or (kept and is_another(added)) then
    what, begin = 'restarted', '0-0'
  elseif on_group_lost == 'replay' then
    what, begin = 'replayed', '0-0'
  end
end
redis.call('XGROUP', 'CREATE', stream, group, begin, 'MKSTREAM')
if known then redis.call('HSET', known, group, call ~= '' and table.concat({ call, what, begin }, ' ') or '') end
if kept then
  redis.call('HSET', checkpoint, 'id', begin, 'history', history)
  local made = fields(redis.call('XINFO', 'STREAM', stream))
  remember(made['last-generated-id'], made['entries-added'])
end
return { what, begin }
