-- What a script of Redis finds around it. Run once for each server.
--
-- Its argument: a table of what the host has: call, which raises, and pcall, which answers; what was raised last; the
-- functions of the libraries; facts by version.
local host = ...
local getinfo, sethook, loadstring, xpcall, pcall = debug.getinfo, debug.sethook, loadstring, xpcall, pcall
local setmetatable, getmetatable, tostring, type, error, select = setmetatable, getmetatable, tostring, type, error, select
local rawget, rawset, next, pairs, unpack, tonumber = rawget, rawset, next, pairs, unpack, tonumber
local getfenv, setfenv, create, wrap, resume = getfenv, setfenv, coroutine.create, coroutine.wrap, coroutine.resume
local collectgarbage = collectgarbage
local byte, concat, format = string.byte, table.concat, string.format
local whole = _G
local raised, look_around = host.raised, host.look_around

-- Instructions between two looks at the time, as in Redis.
local HOOK_COUNT = 100000
local NO_MEMORY = 'not enough memory'

-- Runs every so many instructions of a script. Once it has to end this comes at every line, so that no pcall keeps it alive.
local function hook()
  local why = look_around()
  if why then
    sethook(hook, 'l')
    error(why, 0)
  end
end

-- The null of JSON.
local null = newproxy(true)
getmetatable(null).__tostring = function() return 'userdata: (nil)' end
getmetatable(null).__metatable = false

-- The table behind each one that scripts may read only.
local protected = {}

local function refuse()
  error('Attempt to modify a readonly table', 2)
end

local function read_only(values)
  local shown = setmetatable({}, { __index = values, __newindex = refuse, __metatable = false })
  protected[shown] = values
  return shown
end

-- The metatable of texts belongs to all scripts.
do
  local methods, of_texts = {}, getmetatable('')
  for name, run in pairs(string) do methods[name] = run end
  of_texts.__index = methods
  of_texts.__metatable = read_only({ __index = read_only(methods) })
end

-- What belongs to the host is no function of Lua: a script's last call would take the place of the script, and its line.
local redis = {
  call = host.call,
  pcall = host.pcall,
  error_reply = host.error_reply,
  status_reply = host.status_reply,
  sha1hex = host.sha1hex,
  log = host.log,
  set_repl = host.set_repl,
  setresp = host.setresp,
  replicate_commands = host.replicate_commands,
  breakpoint = host.breakpoint,
  debug = host.debug,
  acl_check_cmd = host.acl_check_cmd,
  REDIS_VERSION = host.version,
  REDIS_VERSION_NUM = host.version_number,
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_AOF = 1, REPL_SLAVE = 2, REPL_REPLICA = 2, REPL_ALL = 3,
}

local own_source = getinfo(1, 'S').source

-- Where an error happened: the first frame that is neither the host's nor of this file.
local function on_error(err)
  if type(err) == 'userdata' then err = raised(err) end
  for level = 2, 30 do
    local info = getinfo(level, 'Sl')
    if info == nil then break end
    if info.what ~= 'C' and info.what ~= 'tail' and info.source ~= own_source then
      return { err = err, source = info.source, line = info.currentline }
    end
  end
  return { err = err }
end

-- Who called the function of the host that asks: the source and the line of the frame behind the first one in C.
local function where()
  for level = 2, 30 do
    local info = getinfo(level, 'S')
    if info == nil then return nil, -1 end
    if info.what == 'C' then
      local caller = getinfo(level + 1, 'Sl')
      if caller == nil then return nil, -1 end
      return caller.source, caller.currentline, caller.short_src
    end
  end
  return nil, -1
end

local function caught(ok, ...)
  if ok then return ok, ... end
  local err = ...
  if err == NO_MEMORY then error(err, 0) end
  if type(err) == 'userdata' then err = raised(err) end
  if host.since_7 and type(err) == 'table' and type(err.err) == 'string' then err = err.err end
  return false, err
end

-- A script that has used up its memory ends; what it would do without any is of no use.
local function unless_out_of_memory(ok, ...)
  if not ok and (...) == NO_MEMORY then error(NO_MEMORY, 0) end
  return ok, ...
end

local function guarded_xpcall(run, handle)
  return unless_out_of_memory(xpcall(run, function(err)
    if type(err) == 'userdata' then err = raised(err) end
    return handle(err)
  end))
end

-- Coroutines are looked after as the script is.
local function watched(thread)
  sethook(thread, hook, '', HOOK_COUNT)
  return thread
end

local function resumed(ok, ...)
  if ok then return ok, ... end
  local err = ...
  if err == NO_MEMORY then error(err, 0) end
  if type(err) == 'userdata' then err = raised(err) end
  return false, err
end

local function misused(name, place, wanted, ...)
  local got = select('#', ...) == 0 and 'no value' or type((...))
  error(format("bad argument #%d to '%s' (%s expected, got %s)", place, name, wanted, got), 3)
end

local threads = {}
for name, run in pairs(coroutine) do threads[name] = run end
threads.create = function(run) return watched(create(run)) end
threads.resume = function(...) return resumed(resume(...)) end
threads.wrap = function(run)
  if type(run) ~= 'function' then return wrap(run) end
  return wrap(function(...)
    sethook(hook, '', HOOK_COUNT)
    return run(...)
  end)
end

-- What is protected is shown as if it were a table like others.
local function guarded_next(...)
  local values, key = ...
  if type(values) ~= 'table' then misused('next', 1, 'table', ...) end
  return next(protected[values] or values, key)
end

local function guarded_pairs(...)
  local values = ...
  if type(values) ~= 'table' then misused('pairs', 1, 'table', ...) end
  if protected[values] then return guarded_next, values end
  return pairs(values)
end

local function guarded_rawget(...)
  local values, key = ...
  if type(values) ~= 'table' then misused('rawget', 1, 'table', ...) end
  return rawget(protected[values] or values, key)
end

-- What the host lends is a function to scripts.
local function type_of(...)
  if select('#', ...) == 0 then return type(...) end
  local kind = type((...))
  if kind == 'userdata' and (...) ~= null then return 'function' end
  return kind
end

local json = { encode = host.json_encode, decode = host.json_decode, null = null, _NAME = 'cjson', _VERSION = '2.1.0' }
for name, change in pairs(host.json_options) do json[name] = change end

-- Lua 5.1 counts in 32 bits how many values there are, and writes beyond its stack where that is too little. Its own
-- limit is for all that a C function holds, what it was called with included.
local HELD_MAX = 8000
local function guarded_unpack(...)
  local values, first, last = ...
  if type(values) ~= 'table' then misused('unpack', 1, 'table', ...) end
  local from = first == nil and 1 or tonumber(first)
  if not from then misused('unpack', 2, 'number', first) end
  local to = last == nil and #values or tonumber(last)
  if not to then misused('unpack', 3, 'number', last) end
  if not (to - from + 1 + select('#', ...) <= HELD_MAX and from >= -2 ^ 31 and to < 2 ^ 31) then
    error('too many results to unpack', 2)
  end
  if from > to then return end
  return unpack(...)
end

-- What scripts may use; not the table of globals itself, which the host language needs whole.
local names = {
  _VERSION = _VERSION, assert = assert, collectgarbage = collectgarbage, error = error, gcinfo = gcinfo,
  getmetatable = getmetatable, ipairs = ipairs, next = guarded_next,
  pairs = guarded_pairs,
  pcall = function(...) return caught(pcall(...)) end, newproxy = not host.since_7 and newproxy or nil, print = host.print,
  rawequal = rawequal, rawget = guarded_rawget, rawset = host.guard('rawset', rawset, protected), select = select,
  setmetatable = host.guard('setmetatable', setmetatable, protected), tonumber = tonumber, tostring = tostring, type = type_of,
  unpack = guarded_unpack, xpcall = guarded_xpcall, coroutine = read_only(threads),
  redis = read_only(redis), string = read_only(string), table = read_only(table), math = read_only(math),
  cjson = read_only(json),
  cmsgpack = read_only({ pack = host.pack, unpack = host.unpack, unpack_one = host.unpack_one,
    unpack_limit = host.unpack_limit, _NAME = 'cmsgpack', _VERSION = 'lua-cmsgpack 0.4.0' }),
  bit = read_only(host.bit),
  struct = read_only({ pack = host.struct_pack, unpack = host.struct_unpack, size = host.struct_size }),
}
if host.has_clock then names.os = read_only({ clock = os.clock }) end

-- Tables of which a script cannot ask what is not there.
local missing = { __index = function(_, name)
  error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end }
local of_globals = read_only(missing)

local function strict(values)
  local shown = setmetatable({}, {
    __index = values,
    __newindex = function(_, name)
      error(format(host.globals_refused, tostring(name)), 2)
    end,
    __metatable = of_globals,
  })
  protected[shown] = values
  return shown
end

local script_names = {}
local scripts = strict(script_names)

-- The globals of the host language are nobody's environment.
local function shown_environment(found)
  return found == whole and scripts or found
end

names.getfenv = function(...)
  local of = ...
  if type(of) == 'number' and of > 0 then of = of + 1 end
  if of == nil then of = 2 end
  return shown_environment(getfenv(of))
end
names.setfenv = function(of, values)
  if of == 0 or (type(of) == 'function' and getfenv(of) == whole) then
    error("'setfenv' cannot change environment of given object", 2)
  end
  if type(of) == 'number' then of = of + 1 end
  return setfenv(of, values)
end

-- Text only: what was compiled elsewhere is not run, but read as text, which it is not. It sees what who loads it sees.
local function compiled(text, name)
  if byte(text) == 27 then text = ' ' .. text end
  local chunk, why = loadstring(text, name)
  if chunk == nil then return nil, why end
  return setfenv(chunk, shown_environment(getfenv(3)))
end

names.loadstring = function(...)
  local text, name = ...
  if type(text) ~= 'string' and type(text) ~= 'number' then misused('loadstring', 1, 'string', ...) end
  text = tostring(text)
  return compiled(text, name or text)
end
names.load = function(...)
  local read, name = ...
  if type(read) ~= 'function' then misused('load', 1, 'function', ...) end
  local parts = {}
  while true do
    local part = read()
    if part == nil or part == '' then break end
    if type(part) ~= 'string' and type(part) ~= 'number' then error('reader function must return a string', 2) end
    parts[#parts + 1] = part
  end
  return compiled(concat(parts), name or '=(load)')
end

if host.is_valkey then names.server = names.redis end
for name, value in pairs(names) do script_names[name] = value end
script_names.KEYS, script_names.ARGV, script_names._G = {}, {}, scripts
setmetatable(script_names, missing)
setmetatable(names, missing)

-- A library sees little while it is loaded, and the same as scripts when its functions run.
local loading = { redis = strict(setmetatable({
  register_function = host.register_function, log = host.log, REDIS_VERSION = host.version,
  REDIS_VERSION_NUM = host.version_number, LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
}, missing)) }
if host.is_valkey then loading.server = loading.redis end
setmetatable(loading, missing)
local library_names = setmetatable({}, { __index = loading })
local libraries = strict(library_names)

local function load_script(source, is_library)
  if byte(source) == 27 then source = ' ' .. source end
  local script, why = loadstring(source, is_library and '@user_function' or '@user_script')
  if script == nil then return nil, why end
  return setfenv(script, is_library and libraries or scripts)
end

-- A little garbage is collected now and then, as in Redis, so that no script has to wait for all of it.
local RUNS = 50
local runs = 0
local function begin()
  sethook(hook, '', HOOK_COUNT)
  runs = runs + 1
  if runs == RUNS then
    runs = 0
    collectgarbage('step', RUNS)
  end
end

local function run_script(script, keys, argv)
  rawset(script_names, 'KEYS', keys)
  rawset(script_names, 'ARGV', argv)
  begin()
  return xpcall(script, on_error)
end

local function run_library(script, is_loading, keys, argv)
  setmetatable(library_names, { __index = is_loading and loading or names })
  library_names._G = not is_loading and libraries or nil
  begin()
  return xpcall(function() return script(keys, argv) end, on_error)
end

-- What a table says as a reply: the field that counts with its value, or nothing, and how many items there are.
local kinds = host.kinds

local function is_verbatim(part)
  return type(rawget(part, 'string')) == 'string' and type(rawget(part, 'format')) == 'string'
end

local function described(values)
  for i = 1, #kinds, 2 do
    local part = rawget(values, kinds[i])
    if type(part) == kinds[i + 1] and (kinds[i] ~= 'verbatim_string' or is_verbatim(part)) then return kinds[i], part end
  end
  local length = 0
  while rawget(values, length + 1) ~= nil do length = length + 1 end
  return false, length
end

return load_script, run_script, run_library, where, null, described, unpack, rawget
