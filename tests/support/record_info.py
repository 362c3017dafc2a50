"""Writes down which fields INFO has in real servers: ``python tests/support/record_info.py``.

Of every version at hand, in their order and with what an empty server says, they go to `info.jsonl` in
`simulations/server/recorded/`. What tells of the machine, or of the moment, says 0.
"""

import json

import redis
from redis_streams.simulations.real import RedisServer
from servers import CHECKOUT, servers_at_hand

TARGET = CHECKOUT / "simulations" / "server" / "recorded" / "info.jsonl"
SECTIONS = ("Server", "Clients", "Memory", "Persistence", "Stats", "CPU")
EMPTY = {"0", "0.00", "-1", "ok", "no", "64", "noeviction", "standalone", "POSIX clock_gettime", "c11-builtin"}
"""What a field may say that does not tell of the machine or the moment; else it says 0."""


def main() -> None:
    lines: list[str] = []
    for version, binary in servers_at_hand().items():
        with RedisServer(binary) as server:
            text = info_of(server.port)
        for section in text.split("# ")[1:]:
            title, *rows = section.splitlines()
            if title in SECTIONS:
                fields = [neutral(*row.split(":", 1)) for row in rows if ":" in row and not is_of_valkey(row)]
                lines.append(json.dumps([title, f"{version[0]}.{version[1]}", fields], separators=(",", ":")))
    TARGET.write_text("\n".join(lines) + "\n")


def is_of_valkey(row: str) -> bool:
    """Whether a field is one that Valkey, which stands for 7.2, has besides."""
    return row.startswith(("valkey_", "server_name", "availability_zone"))


def info_of(port: int) -> str:
    """INFO as it came: redis-py's own command makes a dictionary of it."""
    with redis.Redis(port=port, protocol=2) as client:
        connection = client.connection_pool.get_connection()
        connection.send_command("INFO", "all")
        return bytes(connection.read_response()).decode()


def neutral(name: str, value: str) -> list[str]:
    if name.startswith("used_") or value not in EMPTY:
        value = "0.00" if "." in value and "/" not in value else "0"
    return [name, value]


if __name__ == "__main__":
    main()
