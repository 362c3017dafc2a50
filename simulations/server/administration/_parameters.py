"""The parameters of CONFIG: which version has them, what they may be set to, and what they are without being set.

Those of TLS are there as a server that was built with TLS has them; the simulated server speaks none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from attrs import frozen

from .._profile import Profile

_TABLE: Final = """
acl-pubsub-default 6.2 allchannels|resetchannels allchannels
aclfile 6.0 fixed
acllog-max-len 6.0 0.. 128
active-defrag-cycle-max * 1..99 75
active-defrag-cycle-min * 1..99 5
active-defrag-ignore-bytes * memory 104857600
active-defrag-ignore-bytes 6.0 memory:1 104857600
active-defrag-max-scan-fields * 1.. 1000
active-defrag-threshold-lower * 0..1000 10
active-defrag-threshold-upper * 0..1000 100
active-expire-effort 6.0 1..10 1
activedefrag * yesno:defrag no
always-show-logo 6.0 fixed no
activerehashing * yesno yes
aof-disable-auto-gc 7.0 yesno no
aof-load-corrupt-tail-max-size 8.2 0.. 0
aof-load-truncated * yesno yes
aof-rewrite-cpulist 7.2 fixed
aof-rewrite-incremental-fsync * yesno yes
aof-timestamp-enabled 7.0 yesno no
aof-use-rdb-preamble * yesno yes
aof_rewrite_cpulist 6.0 fixed
appenddirname 7.0 fixed appendonlydir
appendfilename 6.0 fixed appendonly.aof
appendfsync * everysec|always|no everysec
appendonly * yesno no
auto-aof-rewrite-min-size * memory 67108864
auto-aof-rewrite-percentage * 0..int 100
bgsave-cpulist 7.2 fixed
bgsave_cpulist 6.0 fixed
bind * text 127.0.0.1
bind-source-addr 7.0 text
bio-cpulist 7.2 fixed
bio_cpulist 6.0 fixed
busy-reply-threshold 7.0 0.. 5000
client-output-buffer-limit * outputlimits normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60
client-query-buffer-limit * memory:1048576 1073741824
cluster-allow-pubsubshard-when-down 7.0 yesno yes
cluster-allow-reads-when-down 6.0 yesno no
cluster-allow-replica-migration 6.2 yesno yes
cluster-announce-bus-port * 0..65535 0
cluster-announce-hostname 7.0 hostname
cluster-announce-human-nodename 7.2 nodename
cluster-announce-ip * text
cluster-announce-ip 8.6 address
cluster-announce-port * 0..65535 0
cluster-announce-tls-port 6.2 0..65535 0
cluster-compatibility-sample-ratio 7.2 0..100 0
cluster-config-file 7.0 fixed nodes.conf
cluster-enabled 6.0 fixed no
cluster-link-sendbuf-limit 7.0 memory:unsigned 0
cluster-migration-barrier * 0..int 1
cluster-node-timeout * 0.. 15000
cluster-port 7.0 fixed 0
cluster-preferred-endpoint-type 7.0 ip|hostname|unknown-endpoint ip
cluster-replica-no-failover * yesno no
cluster-replica-validity-factor * 0..int 10
cluster-require-full-coverage * yesno yes
cluster-slave-no-failover * =cluster-replica-no-failover no
cluster-slave-validity-factor * =cluster-replica-validity-factor 10
cluster-slot-migration-handoff-max-lag-bytes 8.2 memory 1048576
cluster-slot-migration-write-pause-timeout 8.2 0.. 10000
cluster-slot-stats-enabled 8.2 no|yes|cpu|net|mem no
crash-log-enabled 6.2 yesno yes
crash-memcheck-enabled 6.2 yesno yes
daemonize * fixed no
databases * fixed 16
dbfilename * filename dump.rdb
dbfilename 7.0 protected dump.rdb
dir * folder /
dir 7.0 protected /
disable-thp 6.2-7.0 yesno yes
disable-thp 7.0 fixed yes
dynamic-hz * yesno yes
enable-debug-command 7.0 fixed local
enable-module-command 7.0 fixed no
enable-protected-configs 7.0 fixed no
gopher-enabled 6.0-7.0 yesno no
hash-max-listpack-entries 7.0 0.. 512
hash-max-listpack-value 7.0 memory 64
hash-max-ziplist-entries * =hash-max-listpack-entries 512
hash-max-ziplist-value * 0.. 64
hash-max-ziplist-value 6.0 =hash-max-listpack-value 64
hide-user-data-from-log 7.2 yesno no
hll-sparse-max-bytes * 0.. 3000
hll-sparse-max-bytes 6.0 memory 3000
hz * 0..int 10
ignore-warnings 6.0 text
io-threads 6.0 fixed 1
io-threads-do-reads 6.0-7.2 fixed no
jemalloc-bg-thread 6.0 yesno yes
key-load-delay 6.0 int..int 0
key-memory-histograms 8.2 yesno:never no
latency-monitor-threshold * 0.. 0
latency-tracking 7.0 yesno yes
latency-tracking-info-percentiles 7.0 percentiles 50 99 99.9
lazyexpire-nested-arbitrary-keys 8.6 yesno yes
lazyfree-lazy-eviction * yesno no
lazyfree-lazy-expire * yesno no
lazyfree-lazy-server-del * yesno no
lazyfree-lazy-user-del 6.0 yesno no
lazyfree-lazy-user-flush 6.2 yesno no
lfu-decay-time * 0..int 1
lfu-log-factor * 0..int 10
list-compress-depth * 0..int 0
list-max-listpack-size 7.0 int..int -2
list-max-ziplist-size * =list-max-listpack-size -2
locale-collate 7.2 locale
logfile * fixed
loglevel * debug|verbose|notice|warning notice
loglevel 7.2 debug|verbose|notice|warning|nothing notice
lookahead 8.2 1..int 16
loading-process-events-interval-bytes 7.0 1024..int 2097152
lua-replicate-commands 6.0-7.0 yesno yes
lua-time-limit * =busy-reply-threshold 5000
masterauth * text
masteruser 6.0 text
max-new-connections-per-cycle 7.2 1..1000 10
max-new-tls-connections-per-cycle 7.2 1..1000 1
maxclients * 1..uint 10000
maxmemory * memory:unsigned 0
maxmemory-clients 7.0 memory:percent 0
maxmemory-eviction-tenacity 6.2 0..100 10
maxmemory-policy * volatile-lru|volatile-lfu|volatile-random|volatile-ttl|allkeys-lru|allkeys-lfu|allkeys-random|\
noeviction noeviction
maxmemory-policy 8.6 volatile-lru|volatile-lfu|volatile-random|volatile-ttl|volatile-lrm|allkeys-lru|\
allkeys-lfu|allkeys-random|allkeys-lrm|noeviction noeviction
maxmemory-samples * 1..int 5
maxmemory-samples 8.0 1..64 5
min-replicas-max-lag * 0..int 10
min-replicas-to-write * 0..int 0
min-slaves-max-lag * =min-replicas-max-lag 10
min-slaves-to-write * =min-replicas-to-write 0
no-appendfsync-on-rewrite * yesno no
notify-keyspace-events * text
oom-score-adj 6.0 no|yes|relative|absolute no
oom-score-adj-values 6.0 scores 0 200 800
pidfile * fixed
port * fixed 6379
port 7.0 0..65535 6379
proc-title-template 6.2 text {title} {listen-addr} {server-mode}
propagation-error-behavior 7.0 ignore|panic|panic-on-replicas ignore
protected-mode * yesno yes
proto-max-bulk-len * memory 536870912
proto-max-bulk-len 6.0 memory:1048576 536870912
rdb-del-sync-files 6.0 yesno no
rdb-key-save-delay 6.0 int..int 0
rdb-save-incremental-fsync * yesno yes
rdbchecksum * fixed yes
rdbcompression * yesno yes
repl-backlog-size * memory 1048576
repl-backlog-size 6.0 memory:1 1048576
repl-backlog-ttl * 0.. 3600
repl-disable-tcp-nodelay * yesno no
repl-diskless-load 6.0 disabled|on-empty-db|swapdb disabled
repl-diskless-load 8.2 disabled|on-empty-db|swapdb|flushdb disabled
repl-diskless-sync * yesno no
repl-diskless-sync-delay * 0..int 5
repl-diskless-sync-max-replicas 7.0 0..int 0
repl-ping-replica-period * 1..int 10
repl-ping-slave-period * =repl-ping-replica-period 10
repl-timeout * 1..int 60
replica-announce-ip * text
replica-announce-port * 0..65535 0
replica-announced 6.2 yesno yes
replica-full-sync-buffer-limit 7.2 memory 0
replica-ignore-disk-write-errors 7.0 yesno no
replica-ignore-maxmemory * yesno yes
replica-lazy-flush * yesno no
replica-priority * 0..int 100
replica-read-only * yesno yes
replica-serve-stale-data * yesno yes
replicaof * fixed
requirepass * text
sanitize-dump-payload 6.2 no|yes|clients no
save * text
server-cpulist 7.2 fixed
server_cpulist 6.0 fixed
set-max-intset-entries * 0.. 512
set-max-listpack-entries 7.2 0.. 128
set-max-listpack-value 7.2 0.. 64
set-proc-title 6.2 fixed yes
shutdown-on-sigint 7.0 default|save|nosave|now|force default
shutdown-on-sigterm 7.0 default|save|nosave|now|force default
shutdown-timeout 7.0 0..int 10
slave-announce-ip * =replica-announce-ip
slave-announce-port * =replica-announce-port 0
slave-ignore-maxmemory * =replica-ignore-maxmemory yes
slave-lazy-flush * =replica-lazy-flush no
slave-priority * =replica-priority 100
slave-read-only * =replica-read-only yes
slave-serve-stale-data * =replica-serve-stale-data yes
slaveof * =replicaof
slowlog-log-slower-than * -1.. 10000
slowlog-max-len * 0.. 128
socket-mark-id 7.0 fixed 0
stop-writes-on-bgsave-error * yesno yes
stream-idmp-duration 8.6 1..86400 100
stream-idmp-maxsize 8.6 1..10000 100
stream-node-max-bytes * 0.. 4096
stream-node-max-bytes 6.0 memory 4096
stream-node-max-entries * 0.. 100
supervised * fixed no
syslog-enabled 6.0 fixed no
syslog-facility * fixed local0
syslog-ident 6.0 fixed redis
tcp-backlog * fixed 511
tcp-keepalive * 0..int 300
timeout * 0..int 0
tracking-table-max-keys 6.0 0.. 1000000
tls-auth-clients 7.0 no|yes|optional yes
tls-auth-clients-user 8.6 CN|off off
tls-ca-cert-dir 7.0 text
tls-ca-cert-file 7.0 text
tls-cert-file 7.0 text
tls-ciphers 7.0 text
tls-ciphersuites 7.0 text
tls-client-cert-file 7.0 text
tls-client-key-file 7.0 text
tls-client-key-file-pass 7.0 text
tls-cluster 7.0 yesno:tls no
tls-dh-params-file 7.0 text
tls-key-file 7.0 text
tls-key-file-pass 7.0 text
tls-port 7.0 fixed 0
tls-prefer-server-ciphers 7.0 yesno no
tls-protocols 7.0 text
tls-replication 7.0 yesno:tls no
tls-session-cache-size 7.0 0..int 20480
tls-session-cache-timeout 7.0 0..int 300
tls-session-caching 7.0 yesno yes
unixsocket * fixed
unixsocketperm * fixed 0
use-exit-on-panic 6.2 yesno no
watchdog-period * 0..int 0
zset-max-listpack-entries 7.0 0.. 128
zset-max-listpack-value 7.0 memory 64
zset-max-ziplist-entries * =zset-max-listpack-entries 128
zset-max-ziplist-value * 0.. 64
zset-max-ziplist-value 6.0 =zset-max-listpack-value 64
"""
"""A line each: name, versions ("7.0" since then, "-7.0" before it, "*" all), kind, default.

Kinds: `yesno`; `1..100` a whole number within bounds; `memory` a number of bytes such as 100mb, of which `memory:1` is
at least 1; `a|b` one of these; `text`; `fixed` what no CONFIG SET changes; `=other` another name of a parameter; the
rest have functions of their own in `_values`. Of lines with the same name the last one counts that the version has.
"""

INT_MAX: Final = 2**31 - 1
BOUNDS: Final = {"": 2**63 - 1, "int": INT_MAX, "uint": 2**32 - 1}

HIDDEN: Final = frozenset(
    {
        *("key-load-delay", "rdb-key-save-delay", "watchdog-period", "use-exit-on-panic"),
        *("loading-process-events-interval-bytes", "aof-disable-auto-gc"),
        "lazyexpire-nested-arbitrary-keys",
    }
)
"""What CONFIG GET tells since 7.0 only if it is asked for by name."""

_CHANGED: Final = (
    ("acl-pubsub-default", (7, 0), "resetchannels"),
    ("active-defrag-cycle-max", (6, 0), "25"),
    ("active-defrag-cycle-min", (6, 0), "1"),
    ("loading-process-events-interval-bytes", (7, 2), "524288"),
    ("repl-diskless-sync", (7, 0), "yes"),
)
"""Defaults that a version changed."""


@frozen
class Parameter:
    """One parameter.

    Attributes:
        name: as in redis.conf.
        kind: as in the table above.
        default: its value if nobody set it.
        same_as: the parameter of which this is another name.
    """

    name: str
    kind: str
    default: str
    same_as: str | None = None


@cache
def parameters(profile: Profile) -> Mapping[str, Parameter]:
    """Those that a version has, by name. All servers of a process share them."""
    rows = [(*line.split(" ", 3), "")[:4] for line in _TABLE.strip().splitlines()]
    kinds = {name: kind for name, versions, kind, _ in rows if _has(profile, versions) or "7.0" in versions}
    here = {name: (kind, default) for name, versions, kind, default in rows if _has(profile, versions)}
    changed = {name: value for name, since, value in _CHANGED if profile.since(*since)}
    found: dict[str, Parameter] = {}
    for name, (kind, default) in here.items():
        same_as: str | None = None
        if kind.startswith("="):
            # A name that was not another one's yet has the same kind.
            same_as = kind[1:] if kind[1:] in here else None
            kind = kinds[kind[1:]]  # noqa: PLW2901
        found[name] = Parameter(name, kind, changed.get(name, default), same_as)
    return found


def _has(profile: Profile, versions: str) -> bool:
    since, _, until = versions.replace("*", "").partition("-")
    return (not since or profile.since(*_version(since))) and (not until or not profile.since(*_version(until)))


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
