-- Ids have two numbers of 64 bits, more than Lua's numbers hold: so both of these work with their digits.

-- What compares as ids do.
local function key_of(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #seq) .. seq
end

-- The last id below this one.
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
