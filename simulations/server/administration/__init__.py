"""What tells of the server and sets it: INFO, CONFIG, COMMAND, DEBUG, LATENCY, SLOWLOG, MEMORY."""
