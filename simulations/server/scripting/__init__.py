"""EVAL, FCALL and all that belongs to them, with real Lua."""
