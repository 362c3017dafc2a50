"""Connections as the server sees them: CLIENT, HELLO, AUTH, buffers, pauses, tracking, MONITOR."""
