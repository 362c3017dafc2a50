"""What the server notices about its commands: SLOWLOG, LATENCY, what INFO counts, and who may see secrets."""

from support.simulated import Client, SimulatedServer


def connect(version: str = "7.0", **configuration: str) -> Client:
    return SimulatedServer(version, **configuration).connect()


def test_slow_commands_are_logged() -> None:
    client = connect(slowlog_log_slower_than="1000")
    client.call("PING")
    assert client.call("SLOWLOG", "LEN") == b":0\r\n"
    client.call("CLIENT", "SETNAME", "me")
    client.call("DEBUG", "SLEEP", "0.2")
    assert client.call("SLOWLOG", "GET", 1) == (
        b"*1\r\n*6\r\n:0\r\n:1700000000\r\n:200000\r\n*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$3\r\n0.2\r\n"
        b"$11\r\n127.0.0.1:1\r\n$2\r\nme\r\n"
    )
    assert client.call("SLOWLOG", "RESET") == b"+OK\r\n"
    assert client.call("SLOWLOG", "GET", -2) == b"-ERR count should be greater than or equal to -1\r\n"


def test_of_a_transaction_each_command_is_logged_and_not_exec() -> None:
    client = connect(slowlog_log_slower_than="0")
    client.send(b"MULTI\r\nPING\r\nEXEC\r\n")
    log = client.call("SLOWLOG", "GET", 10)
    assert b"PING" in log
    assert b"EXEC" not in log


def test_secrets_and_long_words_are_cut_out() -> None:
    client = connect(slowlog_log_slower_than="0")
    client.call("CONFIG", "SET", "masterauth", "secret")
    client.call("ACL", "SETUSER", "bob", ">secret")
    client.call("SET", "k", "A" * 129)
    client.call("DEL", *range(40))
    log = client.call("SLOWLOG", "GET", 10)
    assert b"secret" not in log
    assert b"$6\r\nCONFIG\r\n$3\r\nSET\r\n$10\r\nmasterauth\r\n$10\r\n(redacted)\r\n" in log
    assert b"A" * 128 + b"... (1 more bytes)\r\n" in log
    assert b"... (10 more arguments)\r\n" in log


def test_latency_of_events_and_of_commands() -> None:
    client = connect(latency_monitor_threshold="100")
    assert client.call("LATENCY", "LATEST") == b"*0\r\n"
    client.call("DEBUG", "SLEEP", "0.3")
    assert client.call("LATENCY", "LATEST") == b"*1\r\n*4\r\n$7\r\ncommand\r\n:1700000000\r\n:300\r\n:300\r\n"
    assert client.call("LATENCY", "HISTORY", "command") == b"*1\r\n*2\r\n:1700000000\r\n:300\r\n"
    assert b"command - high 300 ms, low 300 ms (all time high 300 ms)\n" in client.call("LATENCY", "GRAPH", "command")
    assert client.call("LATENCY", "RESET") == b":1\r\n"
    assert client.call("LATENCY", "HISTOGRAM", "debug") == (
        b"*2\r\n$5\r\ndebug\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n:541065\r\n:1\r\n"
    )


def test_errors_are_counted_where_they_happen() -> None:
    client = connect()
    client.send(b"SET k v\r\nXLEN k\r\nXLEN\r\nMULTI\r\nXLEN k\r\nEXEC\r\n")
    stats = client.call("INFO", "commandstats")
    assert b"cmdstat_xlen:calls=2,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=2\r\n" in stats
    assert b"errorstat_WRONGTYPE:count=2\r\n" in client.call("INFO", "errorstats")
    client.call("CONFIG", "RESETSTAT")
    assert client.call("INFO", "commandstats").count(b"cmdstat_") == 1


def test_help_is_that_of_the_version() -> None:
    assert connect("7.0").call("SLOWLOG", "HELP").startswith(b"*12\r\n+SLOWLOG <subcommand> [<arg> [value] [opt] ...]")
    assert connect("5.0").call("SLOWLOG", "HELP").startswith(b"*5\r\n+SLOWLOG <subcommand> arg arg ... arg.")
    refusal = connect("7.0").call("LATENCY", "HELP", "x")
    assert refusal == b"-ERR wrong number of arguments for 'latency|help' command\r\n"


def test_keys_and_what_becomes_of_them() -> None:
    client = connect()
    assert client.call("COMMAND", "GETKEYSANDFLAGS", "SET", "k", "v", "GET") == (
        b"*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n"
    )
    assert client.call("COMMAND", "GETKEYS", "XREAD", "STREAMS", "a", "b", "0", "0") == b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"
    assert client.call("COMMAND", "GETKEYS", "EVAL", "x", "0") == b"*0\r\n"


def test_a_selector_allows_what_the_root_does_not() -> None:
    server = SimulatedServer("8.0")
    admin, bob = server.connect(), server.connect()
    assert admin.call("ACL", "SETUSER", "bob", "on", "nopass", "+get", "~a", "(%R~b", "+@read)") == b"+OK\r\n"
    bob.call("AUTH", "bob", "x")
    assert bob.call("GET", "a") == b"$-1\r\n"
    assert bob.call("STRLEN", "b") == b":0\r\n"
    assert bob.call("STRLEN", "a") == b"-NOPERM No permissions to access a key\r\n"
    assert bob.call("SET", "b", "1") == b"-NOPERM User bob has no permissions to run the 'set' command\r\n"
    assert b"(%R~b resetchannels -@all +@read)" in admin.call("ACL", "LIST")
    assert admin.call("ACL", "DRYRUN", "bob", "GET", "c") == (
        b"$49\r\nUser bob has no permissions to access the 'c' key\r\n"
    )


def test_parameters_refuse_what_they_cannot_be() -> None:
    client = connect()
    failed = b"-ERR CONFIG SET failed (possibly related to argument '%b') - %b\r\n"
    assert client.call("CONFIG", "SET", "hz", "600") == b"+OK\r\n"
    assert client.call("CONFIG", "GET", "hz") == b"*2\r\n$2\r\nhz\r\n$3\r\n500\r\n"
    assert client.call("CONFIG", "SET", "maxmemory-clients", "200%") == failed % (
        b"maxmemory-clients",
        b"percentage argument must be less or equal to 100",
    )
    assert client.call("CONFIG", "SET", "timeout", "5", "client-output-buffer-limit", "nobody 0 0 0") == failed % (
        b"client-output-buffer-limit",
        b"Invalid client class specified in buffer limit configuration.",
    )
    assert client.call("CONFIG", "GET", "timeout") == b"*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n"
    assert b"key-load-delay" not in client.call("CONFIG", "GET", "*")
    assert b"key-load-delay" in client.call("CONFIG", "GET", "key-load-delay")
