-- Where a reader without a group begins: at its checkpoint, or where it is to begin if there is none yet.
--
-- KEYS: stream, readers' hash
-- ARGV: reader ("": it has no checkpoint), id (or $) after which it begins
-- Answers {checkpoint, 1 if it is a new one}: "HISTORY ID READ PRINT", see `reader_mark.lua`.
--
-- A new checkpoint is written in this step: a reader that begins at the end and dies has begun, and what is published
-- meanwhile is not skipped. Beyond the end is the end. READ is how many entries were ever added up to the id, as far as the
-- server counts them (7.0) and it can be known; else, and for PRINT at the beginning, "-". Redis 5.0 and later.

-- With: ids, fields

local stream, readers = KEYS[1], KEYS[2]
local name, start = ARGV[1], ARGV[2]

if name ~= '' then
  local stored = redis.call('HGET', readers, name)
  if stored then return { stored, 0 } end
end

local last, added, length, first = '0-0', 0, 0, false
if redis.call('EXISTS', stream) == 1 then
  local info = fields(redis.call('XINFO', 'STREAM', stream))
  last, added, length = info['last-generated-id'], info['entries-added'], info['length']
  first = info['first-entry'] and info['first-entry'][1]
end

local id, read = start, '-'
if start == '$' or key_of(start) > key_of(last) then id = last end
if added and id == last then
  read = string.format('%.0f', added)
elseif added and (not first or key_of(first) > key_of(id)) then
  -- What was removed before we began is not missed by us.
  read = string.format('%.0f', added - length)
end

local mark = '0 ' .. id .. ' ' .. read .. ' -'
if name ~= '' then redis.call('HSET', readers, name, mark) end
return { mark, 1 }
