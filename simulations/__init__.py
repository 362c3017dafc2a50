"""Where the runtime is tried out: real servers as processes here, a simulated Redis and its world later."""

__all__: list[str] = []
