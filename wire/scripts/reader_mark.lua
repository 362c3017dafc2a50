-- Note how far a reader without a group is, and in the same step write a dead letter of what it passes over.
--
-- KEYS: readers' hash, dead-letter stream
-- ARGV: reader, its history, id up to which everything is handled, how many entries were ever added up to it ("-": not
--       known), by what the entry of that id is known again ("-": it was none), "1" if this may be a repetition, fields of the dead letter of what is given up ...
-- Answers the checkpoint that stands then: "HISTORY ID READ PRINT".
--
-- Histories are counted: each time that a reader finds another stream in the place of the former, or that one gone back, it
-- begins the next one, in which ids may be less. Within a history the checkpoint only goes forward, also where two processes
-- call themselves by one name. A checkpoint of a former history is refused, and its dead letter is not written: whoever
-- knows no better has to look. Redis 5.0 and later.

-- With: ids

local readers, dead = KEYS[1], KEYS[2]
local name, history, id, read, print = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local again = ARGV[6]
local FIRST = 7

-- So many letters are looked at where the first try may have written this one.
local LETTERS = 100

-- A repetition says the same, word by word. An id and a consumer are not enough: the former stream had that id, too.
local function is_this(letter)
  if #letter ~= #ARGV - FIRST + 1 then return false end
  for i = 1, #letter do
    if letter[i] ~= ARGV[FIRST + i - 1] then return false end
  end
  return true
end

local function is_there()
  for _, letter in ipairs(redis.call('XREVRANGE', dead, '+', '-', 'COUNT', LETTERS)) do
    if is_this(letter[2]) then return true end
  end
  return false
end

local stored = redis.call('HGET', readers, name)
local of, at = -1, '0-0'
if stored then
  of, at = string.match(stored, '^(%d+) (%S+)')
  of = tonumber(of)
end
if of > history then return stored end

if #ARGV >= FIRST and not (again == '1' and is_there()) then
  local words = { 'XADD', dead, '*' }
  for i = FIRST, #ARGV do words[#words + 1] = ARGV[i] end
  redis.call(unpack(words))
end
if of == history and key_of(at) > key_of(id) then return stored end
local mark = string.format('%.0f', history) .. ' ' .. id .. ' ' .. read .. ' ' .. print
redis.call('HSET', readers, name, mark)
return mark
