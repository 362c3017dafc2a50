-- What a script of Redis finds around it. Run once for each server.
--
-- Its arguments: redis.call, which raises; redis.pcall, which answers; sha1hex; what redis.call raised last; the text of
-- the error for a new global name, with %s for the name.
local call, pcall_, sha1hex, raised, no_globals = ...
local getinfo, loadstring, xpcall, rawset = debug.getinfo, loadstring, xpcall, rawset
local setmetatable, tostring, type, error, string = setmetatable, tostring, type, error, string

local function text_reply(field)
  return function(text)
    if type(text) ~= 'string' then return { err = 'ERR wrong number or type of arguments' } end
    return { [field] = text }
  end
end

local redis = {
  -- Not a function of Lua: a script's last call would take the place of the script itself, and of its line.
  call = call,
  pcall = pcall_,
  error_reply = text_reply('err'),
  status_reply = text_reply('ok'),
  sha1hex = sha1hex,
  log = function() end,
  replicate_commands = function() return true end,
  set_repl = function() end,
  setresp = function() end,
  breakpoint = function() return false end,
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_SLAVE = 1, REPL_REPLICA = 1, REPL_AOF = 2, REPL_ALL = 3,
}

-- Where in the script an error happened: the first frame that is the script's own.
local function on_error(err)
  local line
  for level = 2, 30 do
    local info = getinfo(level, 'Sl')
    if info == nil then break end
    if info.source == '@user_script' then
      line = info.currentline
      break
    end
  end
  if type(err) == 'userdata' then err = raised() end
  return { err = err, line = line }
end

-- What scripts may use; not the table of globals itself, which the host language needs whole.
local names = {
  redis = redis, string = string, table = table, math = math, os = { clock = os.clock }, KEYS = {}, ARGV = {},
  _VERSION = _VERSION, assert = assert, collectgarbage = collectgarbage, error = error, getfenv = getfenv,
  getmetatable = getmetatable, ipairs = ipairs, load = load, loadstring = loadstring, next = next, pairs = pairs,
  pcall = pcall, rawequal = rawequal, rawget = rawget, rawset = rawset, select = select, setfenv = setfenv,
  setmetatable = setmetatable, tonumber = tonumber, tostring = tostring, type = type, unpack = unpack, xpcall = xpcall,
}
names._G = names

setmetatable(names, {
  __index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
  end,
  __newindex = function(_, name)
    error(string.format(no_globals, tostring(name)), 2)
  end,
})

local function load_script(source)
  local script, why = loadstring(source, '@user_script')
  if script == nil then return nil, why end
  return setfenv(script, names)
end

local function set_words(keys, argv)
  rawset(names, 'KEYS', keys)
  rawset(names, 'ARGV', argv)
end

return load_script, function(script) return xpcall(script, on_error) end, set_words
