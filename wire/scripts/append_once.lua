-- Append entries, each of them once: what was appended before under the same token is not appended again.
--
-- KEYS: stream, newer tokens, older tokens
-- ARGV: window in ms, about how many entries the stream keeps ('' for all), then for each entry: its token, the number
--   of its words, and its words (name, value, ...)
-- Answers for each entry its id, or that of the first one with its token; or the error for which Redis refused it.
--
-- Tokens and their ids stand in two hashes. The newer one says under '' since when it is filled; after a window it
-- becomes the older one, and what was that is dropped. So a token is remembered for one window at least and about two
-- at most, and forgetting costs nothing for each of them. Redis 5.0 and later.
--
-- What keeps tokens from being noted fails before the first entry is appended: who may not write, a replica, no memory.
-- So a script that fails has appended nothing.

local stream, newer, older = KEYS[1], KEYS[2], KEYS[3]
local window, limit = tonumber(ARGV[1]), ARGV[2]
local WORDS_MAX = 7000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local tokens, first, last = {}, {}, {}
local at = 3
while at <= #ARGV do
  local i = #tokens + 1
  tokens[i], first[i], last[i] = ARGV[at], at + 2, at + 1 + ARGV[at + 1]
  at = last[i] + 1
end

local known = {}
local function recall(key)
  local ids = redis.call('HMGET', key, '', unpack(tokens))
  for i = 1, #tokens do known[tokens[i]] = known[tokens[i]] or ids[i + 1] end
  return ids[1]
end
local since = recall(newer)
if since and now - since >= window then
  redis.call('UNLINK', older)
  redis.call('RENAME', newer, older)
  since = false
else
  recall(older)
end

local function append(i)
  if last[i] - first[i] >= WORDS_MAX then
    return redis.error_reply('ERR an entry of more than ' .. WORDS_MAX .. ' words is too long to be published once')
  end
  if limit == '' then return redis.pcall('XADD', stream, '*', unpack(ARGV, first[i], last[i])) end
  return redis.pcall('XADD', stream, 'MAXLEN', '~', limit, '*', unpack(ARGV, first[i], last[i]))
end

redis.call('HSET', newer, '', since or string.format('%d', now))
-- Where nobody publishes any more nobody drops them either.
redis.call('PEXPIRE', newer, 2 * window)

local ids, fresh = {}, {}
for i = 1, #tokens do
  local token = tokens[i]
  local id = known[token] or append(i)
  if type(id) == 'string' and not known[token] then
    known[token] = id
    fresh[#fresh + 1] = token
    fresh[#fresh + 1] = id
  end
  ids[i] = id
end

if #fresh > 0 then redis.call('HSET', newer, unpack(fresh)) end
return ids
