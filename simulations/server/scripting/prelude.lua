-- What a script of Redis finds around it. Run once for each server.
--
-- Its argument: a table of what the host has: call, which raises, and pcall, which answers; what was raised last; the
-- functions of the libraries; facts by version.
local host = ...
local getinfo, loadstring, xpcall, pcall, rawset = debug.getinfo, loadstring, xpcall, pcall, rawset
local setmetatable, tostring, type, error, string, select = setmetatable, tostring, type, error, string, select
local raised = host.raised

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
  protected[shown] = true
  return shown
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
  if type(err) == 'userdata' then err = raised(err) end
  if host.since_7 and type(err) == 'table' and type(err.err) == 'string' then err = err.err end
  return false, err
end

local function guarded_xpcall(run, handle)
  return xpcall(run, function(err)
    if type(err) == 'userdata' then err = raised(err) end
    return handle(err)
  end)
end

-- What the host lends is a function to scripts.
local function type_of(...)
  if select('#', ...) == 0 then return type(...) end
  local kind = type((...))
  if kind == 'userdata' and (...) ~= null then return 'function' end
  return kind
end

-- What scripts may use; not the table of globals itself, which the host language needs whole.
local names = {
  _VERSION = _VERSION, assert = assert, collectgarbage = collectgarbage, error = error, getfenv = getfenv, gcinfo = gcinfo,
  getmetatable = getmetatable, ipairs = ipairs, next = next, pairs = pairs,
  pcall = function(...) return caught(pcall(...)) end, newproxy = not host.since_7 and newproxy or nil, print = host.print,
  rawequal = rawequal, rawget = rawget, rawset = host.guard(rawset, protected), select = select, setfenv = setfenv,
  setmetatable = host.guard(setmetatable, protected), tonumber = tonumber, tostring = tostring, type = type_of,
  unpack = unpack, xpcall = guarded_xpcall, coroutine = read_only(coroutine),
  redis = read_only(redis), string = read_only(string), table = read_only(table), math = read_only(math),
  cjson = read_only({ encode = host.json_encode, decode = host.json_decode, null = null, _NAME = 'cjson',
    _VERSION = '2.1.0', encode_keep_buffer = host.nothing, encode_max_depth = host.nothing,
    decode_max_depth = host.nothing, encode_invalid_numbers = host.nothing, decode_invalid_numbers = host.nothing,
    encode_number_precision = host.nothing, encode_sparse_array = host.nothing }),
  cmsgpack = read_only({ pack = host.pack, unpack = host.unpack, unpack_one = host.unpack_one,
    unpack_limit = host.unpack_limit, _NAME = 'cmsgpack', _VERSION = 'lua-cmsgpack 0.4.0' }),
  bit = read_only(host.bit),
  struct = read_only({ pack = host.struct_pack, unpack = host.struct_unpack, size = host.struct_size }),
}
if host.has_clock then names.os = read_only({ clock = os.clock }) end

-- A table of which a script cannot ask what is not there.
local function strict(values)
  local shown = setmetatable({}, {
    __index = function(_, name)
      local found = values[name]
      if found == nil then
        error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
      end
      return found
    end,
    __newindex = function(_, name)
      error(string.format(host.globals_refused, tostring(name)), 2)
    end,
    __metatable = false,
  })
  protected[shown] = true
  return shown
end

local function new_globals(values)
  values._G = strict(values)
  return values._G
end

-- What a script loads sees what the script sees.
local function confined(load)
  return function(...)
    local chunk, why = load(...)
    if chunk == nil then return nil, why end
    return setfenv(chunk, getfenv(2))
  end
end

names.load, names.loadstring = confined(load), confined(loadstring)

local script_names = setmetatable({ KEYS = {}, ARGV = {} }, { __index = names })
local scripts = new_globals(script_names)

-- A library sees little while it is loaded, and the same as scripts when its functions run.
local loading = { redis = strict({
  register_function = host.register_function, log = host.log, setresp = host.setresp, REDIS_VERSION = host.version,
  REDIS_VERSION_NUM = host.version_number, LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
}) }
local library_names = setmetatable({}, { __index = loading })
local libraries = new_globals(library_names)
library_names._G = nil

local function load_script(source, is_library)
  local script, why = loadstring(source, is_library and '@user_function' or '@user_script')
  if script == nil then return nil, why end
  return setfenv(script, is_library and libraries or scripts)
end

local function run_script(script, keys, argv)
  rawset(script_names, 'KEYS', keys)
  rawset(script_names, 'ARGV', argv)
  return xpcall(script, on_error)
end

local function run_library(script, is_loading, keys, argv)
  setmetatable(library_names, { __index = is_loading and loading or names })
  return xpcall(function() return script(keys, argv) end, on_error)
end

return load_script, run_script, run_library, where, null
