-- Remove what is older than a stream is to keep, but nothing that a group still needs.
--
-- KEYS: stream, groups (a hash whose fields are the names of all groups that were ever seen)
-- ARGV: about how many entries the stream keeps ("": any number), for how many ms ("": for ever), "1" if what all groups
--       have settled is to go at once, "1" if limits hold whatever groups need, then names of groups that do not count
-- Answers {entries removed, entries left, id of the first one left ("" for none), what time it is in ms,
--          {{group, the first id that it needs ("" for none), how many entries it needs (-1: unknown)} ...},
--          {groups that were there and are gone ...}}.
--
-- Who lost the stream is missed in the one that comes after it.
--
-- A group needs what is pending and what comes after the last entry that was delivered to it. One that is gone needs what it
-- will be made again at, which nobody knows here: while one is missing nothing is removed. Nor where there is none yet.
-- Trimming is approximate: Redis removes whole nodes, and of these only such as lie below the bound. Redis 5.0 and later:
-- one before 6.2 can't trim to an id, there entries are deleted one by one, some at a time.
--
-- A script may be refused its first write for lack of memory, and none behind that. So one that needs no memory comes first:
-- what would free some must not wait for it.

-- With: ids, fields

local stream, known = KEYS[1], KEYS[2]
local max_length, max_age, settled, lossy = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4] == '1'
local DELETED_MAX = 500

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('EXISTS', stream) == 0 then return { 0, 0, '', now, {}, {} } end
-- Whether it can, and the first write.
local can_trim = type(redis.pcall('XTRIM', stream, 'MINID', '~', '0-0')) == 'number'
local ignored = {}
for i = 5, #ARGV do ignored[ARGV[i]] = true end

local function lower(one, other)
  if not one or key_of(other) < key_of(one) then return other end
  return one
end

local function needed_by(group)
  local unread = group['lag']
  if group['pending'] > 0 then
    return redis.call('XPENDING', stream, group['name'])[2], unread and unread + group['pending'] or -1
  end
  for _, entry in ipairs(redis.call('XRANGE', stream, group['last-delivered-id'], '+', 'COUNT', 2)) do
    if entry[1] ~= group['last-delivered-id'] then return entry[1], unread or -1 end
  end
  return nil, 0
end

local groups, missing, there, noted, bound = {}, {}, {}, {}, nil
local names = redis.call('HKEYS', known)
for _, name in ipairs(names) do noted[name] = true end
local last = fields(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local group = fields(info)
  there[group['name']] = true
  if not ignored[group['name']] then
    if not noted[group['name']] then redis.call('HSET', known, group['name'], '') end
    local needs, many = needed_by(group)
    groups[#groups + 1] = { group['name'], needs or '', many }
    bound = lower(bound, needs or last)
  end
end
for _, name in ipairs(names) do
  if not there[name] and not ignored[name] then missing[#missing + 1] = name end
end
if #missing > 0 then bound = nil end

local removed = 0

local function remove_below(id, most)
  if can_trim then
    local limit = most and { 'LIMIT', most } or {}
    removed = removed + redis.call('XTRIM', stream, 'MINID', '~', id, unpack(limit))
    return
  end
  local ids = {}
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', id, 'COUNT', math.min(most or DELETED_MAX, DELETED_MAX))) do
    if entry[1] ~= id then ids[#ids + 1] = entry[1] end
  end
  if #ids > 0 then removed = removed + redis.call('XDEL', stream, unpack(ids)) end
end

if bound and settled then remove_below(bound) end
if max_age then
  local oldest = string.format('%.0f-0', math.max(0, now - max_age))
  if lossy then
    remove_below(oldest)
  elseif bound then
    remove_below(lower(oldest, bound))
  end
end
local excess = max_length and redis.call('XLEN', stream) - max_length or 0
if excess > 0 then
  if lossy then
    removed = removed + redis.call('XTRIM', stream, 'MAXLEN', '~', max_length)
  elseif bound then
    remove_below(bound, excess)
  end
end
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
return { removed, redis.call('XLEN', stream), first[1] and first[1][1] or '', now, groups, missing }
