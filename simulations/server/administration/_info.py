"""INFO: what the server says of itself.

The fields are those that clients, tools and the server's own tests read. Their numbers are true; what a simulated
server has none for, such as the time of a processor, is left out or 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from .._command import Call, Command
from .._errors import syntax_error
from .._reply import Reply, Verbatim
from .._session import Block
from ..pubsub._pubsub import Kind
from ..replication._link import Link
from ..scripting._memory import told_of_memory
from ._info_fields import completed
from ._latency import percentile
from ._memory import EMPTY_SERVER, used_memory

if TYPE_CHECKING:
    from .._engine import Engine

Fields = Iterator[tuple[str, object]]


def _server(engine: Engine) -> Fields:
    uptime = max(0, engine.now_us - engine.started_us) // 1_000_000
    yield "redis_version", ".".join(map(str, engine.profile.version))
    yield "redis_git_sha1", "00000000"
    yield "redis_git_dirty", 0
    yield "redis_build_id", "0"
    yield "redis_mode", "standalone"
    yield "os", "simulated"
    yield "arch_bits", 64
    yield "multiplexing_api", "trio"
    yield "process_id", engine.process_id
    yield "run_id", engine.run_id.decode()
    yield "tcp_port", engine.configuration["port"]
    if engine.profile.since(6, 2):
        yield "server_time_usec", engine.now_us
    yield "uptime_in_seconds", uptime
    yield "uptime_in_days", uptime // 86400
    yield "hz", engine.configuration["hz"]
    yield "configured_hz", engine.configuration["hz"]
    yield "lru_clock", engine.now_ms // 1000 % (1 << 24)
    yield "executable", "/redis-streams"
    if engine.profile.since(7, 2):
        yield "listener0", f"name=tcp,bind={engine.configuration['bind']},port={engine.configuration['port']}"
    yield "config_file", ""


def _clients(engine: Engine) -> Fields:
    sessions = engine.sessions.values()
    since = engine.profile.since
    yield "connected_clients", len(sessions)
    if since(6, 2):
        yield "cluster_connections", 0
        yield "maxclients", engine.configuration["maxclients"]
    yield "client_recent_max_input_buffer", 0
    yield "client_recent_max_output_buffer", 0
    yield "blocked_clients", sum(session.block is not None for session in sessions)
    if since(6, 0):
        yield "tracking_clients", len(engine.tracking.modes) if engine.tracking is not None else 0
    if since(7, 4):
        yield "pubsub_clients", sum(session.is_subscribed for session in sessions)
        yield "watching_clients", sum(bool(session.watched) for session in sessions)
    if since(6, 0):
        yield "clients_in_timeout_table", sum(_has_deadline(session.block) for session in sessions)
    if since(7, 4):
        yield "total_watched_keys", len({place for session in sessions for place in session.watched})
    if since(7, 2):
        yield "total_blocking_keys", engine.waiting.keys
        yield "total_blocking_keys_on_nokey", len(_waited_for_by_groups(engine))


def _waited_for_by_groups(engine: Engine) -> set[tuple[int, bytes]]:
    """The keys whose going wakes somebody: XREADGROUP is told that its group has gone, all others wait on."""
    blocks = [session.block for session in engine.sessions.values() if session.block is not None]
    return {(block.database, key) for block in blocks if block.name == "xreadgroup" for key in block.keys}


def _has_deadline(block: Block | None) -> bool:
    return block is not None and block.deadline_ms is not None


def _memory(engine: Engine) -> Fields:
    used = used_memory(engine)
    most = engine.configuration.number("maxmemory")
    yield "used_memory", used
    yield "used_memory_human", human(used)
    yield "used_memory_rss", used
    yield "used_memory_rss_human", human(used)
    yield "used_memory_peak", used
    yield "used_memory_peak_human", human(used)
    for name, number in told_of_memory(engine):
        yield name, number
        if name in {"used_memory_lua", "used_memory_vm_total", "used_memory_scripts"}:
            yield name + "_human", human(number)
    yield "maxmemory", most
    yield "maxmemory_human", human(most)
    yield "maxmemory_policy", engine.configuration["maxmemory-policy"]
    yield "used_memory_overhead", EMPTY_SERVER
    yield "used_memory_startup", EMPTY_SERVER
    yield "used_memory_dataset", used - EMPTY_SERVER
    yield "used_memory_peak_perc", "100.00%"
    yield "used_memory_dataset_perc", "100.00%" if used > EMPTY_SERVER else "0.00%"
    for name in ("allocated", "active", "resident"):
        yield f"allocator_{name}", used
    yield "mem_fragmentation_ratio", "1.00"
    yield "mem_allocator", "python"
    if engine.profile.since(6, 2):
        yield "lazyfreed_objects", engine.statistics.freed_apart


def _persistence(engine: Engine) -> Fields:
    files = engine.files
    yield "loading", int(engine.is_loading)
    if engine.profile.since(7, 0):
        yield "async_loading", 0
    yield "rdb_changes_since_last_save", engine.dirty - engine.saved_dirty
    yield "rdb_bgsave_in_progress", int(files.is_saving_until_ms > engine.timer_ms)
    yield "rdb_last_save_time", (engine.saved_ms or engine.started_us // 1000) // 1000
    yield "rdb_last_bgsave_status", "ok"
    yield "rdb_last_bgsave_time_sec", -1 if not engine.saves else 0
    yield "rdb_current_bgsave_time_sec", -1
    if engine.profile.since(7, 0):
        yield "rdb_saves", engine.saves
    yield "aof_enabled", int(engine.configuration["appendonly"] == "yes")
    yield "aof_rewrite_in_progress", int(files.is_rewriting)
    yield "aof_rewrite_scheduled", int(files.rewrite_wanted)
    yield "aof_last_rewrite_time_sec", files.last_rewrite_s
    yield "aof_current_rewrite_time_sec", -1
    yield "aof_last_bgrewrite_status", "ok" if files.last_rewrite_ok else "err"
    if engine.profile.since(7, 0):
        yield "aof_rewrites", files.rewrites
    yield "aof_last_write_status", "ok"
    if engine.configuration["appendonly"] == "yes":
        yield "aof_current_size", files.size
        yield "aof_base_size", files.base_size
        yield "aof_pending_rewrite", int(files.rewrite_wanted)
        yield "aof_buffer_length", 0
        yield "aof_pending_bio_fsync", 0
        yield "aof_delayed_fsync", 0
    if files.loading_since_s is not None:
        yield from _loading(engine)


def _loading(engine: Engine) -> Fields:
    files = engine.files
    took_s = max(0, engine.now_ms // 1000 - (files.loading_since_s or 0))
    left_s = took_s * (files.loading_total - files.loading_done) // max(1, files.loading_done) if took_s else 1
    yield "loading_start_time", files.loading_since_s
    yield "loading_total_bytes", files.loading_total
    yield "loading_rdb_used_mem", 0
    yield "loading_loaded_bytes", files.loading_done
    yield "loading_loaded_perc", f"{100 * files.loading_done / max(1, files.loading_total):.2f}"
    yield "loading_eta_seconds", left_s


def _stats(engine: Engine) -> Fields:
    statistics = engine.statistics
    yield "total_connections_received", statistics.connections
    yield "total_commands_processed", statistics.commands
    yield "instantaneous_ops_per_sec", 0
    yield "total_net_input_bytes", statistics.bytes_in
    yield "total_net_output_bytes", statistics.bytes_out
    yield "rejected_connections", 0
    yield "sync_full", 0
    yield "sync_partial_ok", 0
    yield "sync_partial_err", 0
    yield "expired_keys", statistics.expired
    if engine.profile.since(8, 6):
        yield "expired_keys_active", statistics.expired_unseen
    yield "evicted_keys", statistics.evicted
    yield "keyspace_hits", statistics.hits
    yield "keyspace_misses", statistics.misses
    yield "pubsub_channels", len(engine.pubsub.of[Kind.CHANNEL])
    yield "pubsub_patterns", engine.pubsub.count_patterns()
    if engine.profile.since(7, 0):
        yield "pubsubshard_channels", len(engine.pubsub.of[Kind.SHARD])
    yield "latest_fork_usec", 0
    if engine.profile.since(6, 0):
        tracking = engine.tracking
        yield "tracking_total_keys", len(tracking.readers) if tracking is not None else 0
        yield "tracking_total_items", sum(map(len, tracking.readers.values())) if tracking is not None else 0
        yield "tracking_total_prefixes", len(tracking.prefixes) if tracking is not None else 0
    if engine.profile.since(6, 2):
        yield "total_error_replies", sum(statistics.errors.values())


def _replication(engine: Engine) -> Fields:
    offset = engine.effects.offset if engine.effects is not None else 0
    yield "role", "master" if engine.role.replica_of is None else "slave"
    if engine.role.replica_of is not None:
        link = engine.role.link or Link()
        offset = max(0, link.offset)
        yield "master_host", engine.role.replica_of[0]
        yield "master_port", engine.role.replica_of[1]
        yield "master_link_status", "up" if link.state == "connected" else "down"
        yield "master_last_io_seconds_ago", (engine.now_ms - link.heard_ms) // 1000 if link.heard_ms else -1
        yield "master_sync_in_progress", int(link.state == "sync")
        if engine.profile.since(7, 0):
            yield "slave_read_repl_offset", offset
        yield "slave_repl_offset", offset
        if link.state != "connected":
            yield "master_link_down_since_seconds", (engine.now_ms - link.lost_ms) // 1000 if link.lost_ms else -1
        yield "slave_priority", engine.configuration["replica-priority"]
        yield "slave_read_only", int(engine.configuration["replica-read-only"] == "yes")
        if engine.profile.since(6, 2):
            yield "replica_announced", 1
    online = [(session, each) for session, each in engine.role.replicas.items() if each.is_online]
    yield "connected_slaves", len(online)
    if engine.configuration.number("min-replicas-to-write"):
        yield "min_slaves_good_slaves", engine.role.good_replicas
    for number, (session, each) in enumerate(online):
        host = each.host or session.address.rpartition(":")[0]
        lag = max(0, engine.now_ms - each.acknowledged_ms) // 1000
        yield f"slave{number}", f"ip={host},port={each.port},state=online,offset={each.acknowledged},lag={lag}"
    if engine.profile.since(6, 2):
        yield "master_failover_state", "no-failover" if engine.role.failover_to is None else "waiting-for-sync"
    yield "master_replid", engine.role.replication_id.decode()
    yield "master_replid2", "0" * 40
    yield "master_repl_offset", offset
    yield "second_repl_offset", -1
    yield "repl_backlog_active", int(bool(online))
    yield "repl_backlog_size", engine.configuration["repl-backlog-size"]
    yield "repl_backlog_first_byte_offset", 0
    yield "repl_backlog_histlen", 0


def _cpu(_engine: Engine) -> Fields:
    for name in ("sys", "user", "sys_children", "user_children"):
        yield f"used_cpu_{name}", "0.000000"


def _nothing(_engine: Engine) -> Fields:
    yield from ()


def _commandstats(engine: Engine) -> Fields:
    rows: dict[str, list[int]] = {}
    for name, count in engine.statistics.by_command.items():
        row = rows.setdefault(name if engine.profile.since(7, 0) else name.split("|", 1)[0], [0, 0, 0, 0])
        for column, number in enumerate((count.calls, count.microseconds, count.rejected, count.failed)):
            row[column] += number
    for name, (calls, took, rejected, failed) in rows.items():
        counted = f"calls={calls},usec={took},usec_per_call={took / calls if calls else 0:.2f}"
        if engine.profile.since(6, 2):
            counted += f",rejected_calls={rejected},failed_calls={failed}"
        elif not calls:
            continue
        yield f"cmdstat_{name}", counted


def _latencystats(engine: Engine) -> Fields:
    if engine.configuration["latency-tracking"] != "yes":
        return
    percents = [float(word) for word in engine.configuration["latency-tracking-info-percentiles"].split()]
    for name, count in engine.statistics.by_command.items():
        if count.durations:
            told = ",".join(f"p{percent:g}={percentile(count.durations, percent):.3f}" for percent in percents)
            yield f"latency_percentiles_usec_{name}", told


def _errorstats(engine: Engine) -> Fields:
    for code, count in sorted(engine.statistics.errors.items()):
        yield f"errorstat_{code}", f"count={count}"


def _cluster(_engine: Engine) -> Fields:
    yield "cluster_enabled", 0


def _keyspace(engine: Engine) -> Fields:
    for database in engine.databases:
        keys = len(database.values)
        if keys:
            left = [at_ms - engine.now_ms for at_ms in database.expires.values()]
            average = max(0, sum(left) // len(left)) if left else 0
            tail = ",subexpiry=0" if engine.profile.since(7, 4) else ""
            yield f"db{database.index}", f"keys={keys},expires={len(left)},avg_ttl={average}{tail}"


SECTIONS: Final[Mapping[str, tuple[tuple[int, int], Callable[[Engine], Fields]]]] = {
    "Server": ((1, 0), _server),
    "Clients": ((1, 0), _clients),
    "Memory": ((1, 0), _memory),
    "Persistence": ((1, 0), _persistence),
    "Stats": ((1, 0), _stats),
    "Replication": ((1, 0), _replication),
    "CPU": ((1, 0), _cpu),
    "Modules": ((6, 0), _nothing),
    "Commandstats": ((1, 0), _commandstats),
    "Errorstats": ((6, 2), _errorstats),
    "Latencystats": ((7, 0), _latencystats),
    "Cluster": ((1, 0), _cluster),
    "Keyspace": ((1, 0), _keyspace),
}
"""In their order, each with the first version that has it."""
_NOT_BY_DEFAULT: Final = {"commandstats", "latencystats"}


def info(call: Call) -> Reply:
    """INFO [section …]."""
    if len(call.words) > 2 and not call.profile.since(7, 0):
        raise syntax_error()
    wanted = _wanted([word.decode("latin-1").lower() for word in call.words[1:]] or ["default"])
    texts = []
    for name, (since, fields) in SECTIONS.items():
        if name.lower() in wanted and call.profile.since(*since):
            lines = "".join(f"{key}:{value}\r\n" for key, value in completed(call.profile, name, fields(call.engine)))
            texts.append(f"# {name}\r\n{lines}")
    return Verbatim("\r\n".join(texts).encode())


def _wanted(words: Sequence[str]) -> set[str]:
    wanted: set[str] = set()
    for word in words:
        if word in {"all", "everything"}:
            wanted |= {name.lower() for name in SECTIONS} - ({"modules"} if word == "all" else set())
        elif word == "default":
            wanted |= {name.lower() for name in SECTIONS} - _NOT_BY_DEFAULT
        else:
            wanted.add(word)
    return wanted


def human(size: int) -> str:
    """A number of bytes for people: 1.67M."""
    if size < 1024:
        return f"{size}B"
    for power, unit in enumerate("KMGTP", start=1):
        if size < 1024 ** (power + 1):
            return f"{size / 1024**power:.2f}{unit}"
    return f"{size}B"


INFO_COMMANDS: Final[Sequence[Command]] = (Command("info", info, -1, "loading stale", group="server"),)
