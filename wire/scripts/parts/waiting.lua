-- Whether an entry waits for its retry: it is in this sorted set, and not due yet. Where there is no such set, none does.
local function waits_in(retries)
  if not retries then return function() return false end end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  return function(id)
    local due = redis.call('ZSCORE', retries, id)
    return due and tonumber(due) > now
  end
end
