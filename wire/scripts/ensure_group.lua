-- Have a consumer group exist: create it where there has never been one, and at its checkpoint where it was lost.
--
-- KEYS: stream, checkpoint hash
-- ARGV: group, id (or $) after which a new group begins, "1" if the checkpoint is in the hash,
--       else the checkpoint itself, or "" where there is none
-- Answers {what, id}: "existed" and its watermark so far, or "created", "recreated", "restarted" and where it begins.
--
-- "restarted": the checkpoint lies above the last id of the stream. So the stream was lost too and its ids went
-- backwards; all that is in it is new, and the group begins at 0. Redis 5.0 and later.

local stream, checkpoint = KEYS[1], KEYS[2]
local group, start, kept = ARGV[1], ARGV[2], ARGV[3] == '1'

local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end

local function key_of(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #seq) .. seq
end

local last = '0-0'
if redis.call('EXISTS', stream) == 1 then
  local kind = redis.call('TYPE', stream)
  if (type(kind) == 'table' and kind.ok or kind) ~= 'stream' then
    return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value')
  end
  last = fields(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local named = fields(info)
    if named['name'] == group then
      local mark = kept and redis.call('HGET', checkpoint, 'id')
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

local mark = ARGV[3]
if kept then mark = redis.call('HGET', checkpoint, 'id') or '' end
local what, begin = 'created', start == '$' and last or start
if mark ~= '' then
  what, begin = 'recreated', mark
  if key_of(mark) > key_of(last) then what, begin = 'restarted', '0-0' end
end
redis.call('XGROUP', 'CREATE', stream, group, begin, 'MKSTREAM')
if kept then redis.call('HSET', checkpoint, 'id', begin) end
return { what, begin }
