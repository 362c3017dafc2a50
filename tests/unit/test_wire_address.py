"""Addresses: what URLs say, and that nothing ever shows a password."""

import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.wire import AddressError, ServerAddress


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", ServerAddress()),
        ("redis://localhost", ServerAddress()),
        ("redis://example.org:7000/3", ServerAddress(host="example.org", port=7000, db=3)),
        ("redis://:pw@h", ServerAddress(host="h", password="pw")),
        ("redis://:@h", ServerAddress(host="h")),  # as a template makes it whose password is not set
        ("redis://me:p%40w%2F@h", ServerAddress(host="h", username="me", password="p@w/")),
        ("redis://me@h", ServerAddress(host="h", username="me")),
        ("redis://h?username=me&password=pw&db=2", ServerAddress(host="h", username="me", password="pw", db=2)),
        ("redis://h/1?db=2", ServerAddress(host="h", db=2)),
        ("redis://h?client_name=billing-1", ServerAddress(host="h", client_name="billing-1")),
        ("redis://[::1]:6380/1", ServerAddress(host="::1", port=6380, db=1)),
        ("unix:///run/redis.sock?db=1", ServerAddress(scheme="unix", path="/run/redis.sock", db=1)),
        ("unix://me:pw@/r.sock", ServerAddress(scheme="unix", path="/r.sock", username="me", password="pw")),
        ("unix:///run/a%20b@c.sock", ServerAddress(scheme="unix", path="/run/a b@c.sock")),
    ],
)
def test_a_url_says_where_and_who(url: str, expected: ServerAddress) -> None:
    """Every part of a URL, escaped or not, as redis-py reads it."""
    assert ServerAddress.parse(url) == expected


def test_tls_options_are_those_of_redis_py() -> None:
    """They are kept as they stand, for the dial."""
    address = ServerAddress.parse("rediss://h?ssl_cert_reqs=none&ssl_ca_certs=%2Fca.pem&ssl_check_hostname=False")
    assert address.tls == {"ssl_cert_reqs": "none", "ssl_ca_certs": "/ca.pem", "ssl_check_hostname": "False"}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no scheme"),
        ("localhost:6379", "the scheme is 'localhost'"),
        ("http://h", "the scheme is 'http'"),
        ("memory://", "the name of the server is missing, as in memory://orders"),
        ("redis://h:0", "from 1 to 65535"),
        ("redis://h:65536", "from 1 to 65535"),
        ("redis://h/one", "must be a number, not 'one'"),
        ("redis://h/1/2", "must be a number, not '1/2'"),
        ("redis://h/-1", "must be a number, not '-1'"),
        ("redis://h/²", "must be a number"),
        ("redis://h?db=", "db is empty"),
        ("redis://h?sokcet_timeout=1", "no option 'sokcet_timeout'"),
        ("redis://h?client_name=a%20b", "without blanks"),
        ("redis://h?ssl_ca_certs=x", "need TLS, as in rediss://"),
        ("rediss://h?ssl_cert_reqs=requried", "must be one of required, optional, none"),
        ("rediss://h?ssl_check_hostname=maybe", "must be one of true, false"),
        ("unix://", "path of the socket is missing"),
        ("unix://redis.sock", "path of the socket is missing"),
        ("unix://run/redis.sock", "three slashes, as in unix:///run/redis.sock"),
        ("unix://me@run/redis.sock", "three slashes"),
        ("redis:6379", "after the scheme comes '//'"),
        ("redis:localhost:6379", "after the scheme comes '//'"),
        ("redis://[::1", "Invalid IPv6"),
    ],
)
def test_a_wrong_url_is_answered_with_a_right_one(url: str, says: str) -> None:
    """The message shows the URL, what is wrong with it, and three that are right."""
    with pytest.raises(AddressError) as caught:
        ServerAddress.parse(url)
    message = str(caught.value)
    assert message.startswith(repr(url))
    assert says in message
    assert "redis://localhost:6379/0" in message


@pytest.mark.parametrize(
    "url",
    [
        "redis://:SECRET",
        "redis://:SECRET/0",
        "redis://me:SECRET@h:x",
        "redis://me:SEC/RET@h",
        "redis://me:SEC@SECRET@h:x",
        "redis://me:SEC#RET@h",
        "redis://me:SEC?RET@h",
        "redis://me:SEC?a=RET@h",
        "redis://h?password=SECRET&db=x",
        "http://me:SECRET@h",
        "memory://me:SECRET@",
        "unix://me:SECRET@",
        "redis://me:SEC\nRET@h:x",
    ],
)
def test_a_wrong_url_does_not_show_its_password(url: str) -> None:
    """Nor a part of it, also where it was not escaped and so is no password by the rules of URLs."""
    with pytest.raises(AddressError) as caught:
        ServerAddress.parse(url)
    assert "SEC" not in str(caught.value)
    assert "RET" not in str(caught.value)
    assert caught.value.__suppress_context__


@given(st.text(min_size=1), st.text(alphabet="abc", max_size=3))
def test_an_address_never_shows_its_password(password: str, user: str) -> None:
    """Neither `str` nor `repr` does, whatever it is; and it comes through the URL unharmed."""
    marked = f"SECRET{password}"
    address = ServerAddress.parse(f"redis://{user}:{quote(marked, safe='')}@h/1")
    assert address.password == marked
    for shown in (str(address), repr(address), f"{address}", f"{address!r}"):
        assert "SECRET" not in shown
        assert "***" in shown


def test_its_text_is_a_url_for_the_same_place() -> None:
    """What a message shows can be pasted, but for the password."""
    for url in ("redis://h:1/2", "redis://me:***@[::1]:1/0", "unix:///r.sock?db=3", "rediss://h:6380/0"):
        assert str(ServerAddress.parse(url)) == url


def test_a_name_changes_nothing_else() -> None:
    """`named` is for telling one process's connections apart."""
    address = ServerAddress.parse("redis://me:pw@h:1/2")
    assert ServerAddress.parse("redis://me:pw@h:1/2?client_name=c") == address.named("c")


def test_an_address_can_be_pickled() -> None:
    """For process pools, which take it along in their arguments."""
    address = ServerAddress.parse("rediss://me:pw@h:1/2?ssl_cert_reqs=none")
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301 - our own bytes
