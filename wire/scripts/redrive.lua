-- Give dead letters back to the stream, each in one step: its entry is appended anew, and the letter is gone. A letter that
-- is not there any more was given back by somebody else, or by the first try of this one: so each is given back once.
--
-- KEYS: dead-letter stream, stream
-- ARGV: group, ids of dead letters ...
-- Answers {{id, id of the new entry} ...} for those that were there; "" in place of the second where an entry has more
-- fields than a script can write. Redis 5.0 and later.
--
-- What is written is the entry's own fields (the last ones of the letter, `dead_own` says how many), and behind them how
-- often it was given back, and to which group alone: others have handled it.
--
-- Who may not take letters away is refused before anything is appended: taking away nothing comes first.

redis.call('XDEL', KEYS[1], '0-0')
local WORDS_MAX = 7000
local answer = {}
for i = 2, #ARGV do
  local found = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
  if #found == 1 then
    local fields, own, times = found[1][2], nil, 0
    for j = 1, #fields, 2 do
      if fields[j] == 'dead_own' then own = tonumber(fields[j + 1]) break end
    end
    local words = { 'XADD', KEYS[2], '*' }
    local first = own and #fields - 2 * own + 1 or 1
    for j = first, #fields, 2 do
      if fields[j] == 'redriven' then
        times = tonumber(fields[j + 1]) or 0
      elseif fields[j] ~= 'redriven_group' and (own or string.sub(fields[j], 1, 5) ~= 'dead_') then
        words[#words + 1] = fields[j]
        words[#words + 1] = fields[j + 1]
      end
    end
    for _, word in ipairs({ 'redriven', times + 1, 'redriven_group', ARGV[1] }) do words[#words + 1] = word end
    if #words > WORDS_MAX then
      answer[#answer + 1] = { ARGV[i], '' }
    else
      answer[#answer + 1] = { ARGV[i], redis.call(unpack(words)) }
      redis.call('XDEL', KEYS[1], ARGV[i])
    end
  end
end
return answer
