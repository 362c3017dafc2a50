"""Lua that Redis runs in one step. Each script says in its first lines what it needs and what it answers."""
