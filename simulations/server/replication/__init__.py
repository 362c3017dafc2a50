"""A primary and its replicas: the stream of effects, PSYNC, WAIT, FAILOVER."""
