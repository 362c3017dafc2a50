"""What is drawn of a history."""

from redis_streams.simulations.history import Applied, FaultStruck, History, Phase, ProcessStarted, Published, Sent
from redis_streams.simulations.plan import (
    At,
    CrashServer,
    Effect,
    FailOver,
    Fault,
    PauseProcess,
    PauseServer,
    Plan,
    ShiftClock,
)
from redis_streams.simulations.report._lives import lives_of
from redis_streams.simulations.report._picture import Picture, Shape, picture_of
from support.histories import duplicate_run, long_run, well


def drawn(history: History) -> Picture:
    return picture_of(history, lives_of(history))


def kinds(shapes: list[Shape]) -> list[str]:
    return [shape.kind for shape in shapes]


def test_a_lost_reply_is_drawn_as_lost() -> None:
    """Only where there is one."""
    assert kinds(drawn(duplicate_run()).arrows).count("answered lost") == 1
    assert kinds(drawn(well()).arrows).count("answered lost") == 0


def test_each_fault_that_struck_has_its_number() -> None:
    """As in the list of the plan; without a fault there is nothing."""
    assert [shape.text for shape in drawn(duplicate_run()).faults] == ["1", "2"]
    assert drawn(well()).faults == []


def test_a_run_is_drawn_by_how_it_ended() -> None:
    """Done, failed; and cut off where the process was killed."""
    assert (
        sorted(kinds(drawn(duplicate_run()).bars))[:7] == ["publish acknowledged"] * 4 + ["run cut"] + ["run done"] * 2
    )
    assert kinds(drawn(duplicate_run()).bars).count("run failed") == 1
    assert "run cut" not in kinds(drawn(well()).bars)


def test_a_run_that_was_cut_off_ends_with_its_process() -> None:
    """Not with the history."""
    picture = drawn(duplicate_run())
    cut = next(shape for shape in picture.bars if shape.kind == "run cut")
    killed = next(shape for shape in picture.marks if shape.kind == "end")
    assert cut.x + cut.width == killed.x


def test_a_killed_process_has_a_gap_in_its_lane() -> None:
    """It ran, was not there, and ran again."""
    alive = [shape for shape in drawn(duplicate_run()).alive if shape.title == "worker-1"]
    assert len(alive) == 2
    assert alive[0].x + alive[0].width < alive[1].x


def test_a_lifeline_goes_to_the_server_and_to_each_worker() -> None:
    """Order-3 was with worker-1, then with worker-2; order-4 with worker-2 only."""
    picture = drawn(duplicate_run())
    lanes = {lane.name: lane for lane in picture.lanes}

    def visited(path: str) -> set[str]:
        heights = [float(point.split()[1]) for point in path[1:].split("L")]
        return {lane.name for lane in lanes.values() for y in heights if lane.y <= y <= lane.y + lane.height}

    assert visited(picture.lifelines[2]) == {"shop", "server", "worker-1", "worker-2"}
    assert visited(picture.lifelines[3]) == {"shop", "server", "worker-2"}


def test_a_long_run_stays_bounded() -> None:
    """Seven waits of seconds do not show in the width; each record gets some pixels."""
    history = long_run()
    assert len(history.records) > 1000
    assert drawn(history).axis.width < 20 * len(history.records)


def test_an_empty_history_can_be_drawn() -> None:
    """As of a run that crashed before anything happened."""
    assert [lane.name for lane in drawn(History(Plan(1, "s"))).lanes] == ["server"]


def test_a_read_that_waited_gets_its_arrow_when_something_comes() -> None:
    """It is asked once and answered once, with a record for each; the event goes along with the answer."""
    words = tuple(b"XREADGROUP GROUP g c STREAMS s >".split())
    reply = b"*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*0\r\n"
    reads = [Sent(0, "worker", 1, "XREADGROUP", words), Sent(5, "worker", 1, "XREADGROUP", (), reply)]
    published = Published(1, "shop", "s", "e", "acknowledged", b"1-0")
    picture = drawn(History(Plan(1, "s"), [reads[0], published, reads[1]]))
    assert kinds(picture.arrows) == ["asked waits reads", "answered reads"]
    assert picture.arrows[1].events == (0,)
    assert picture.lifelines[0].count("L") == 1


def test_a_command_arrives_before_the_changes_that_it_makes() -> None:
    """Its record comes after them, since that has the reply."""
    change = Applied(1, "server", (b"XADD", b"s", b"1-0"), "shop", 1)
    sent = Sent(1, "shop", 1, "XADD", (b"XADD", b"s", b"*"), b"$3\r\n1-0\r\n")
    history = History(Plan(1, "s"), [ProcessStarted(0, "shop", 1), change, sent])
    asked = next(shape for shape in drawn(history).arrows if "asked" in shape.kind)
    changed = next(shape for shape in drawn(history).marks if shape.kind == "change")
    assert asked.x == changed.x


def test_a_refusal_is_no_reply_like_others() -> None:
    """Whatever was asked for was not done, and the event stays where it is."""
    told = [
        Sent(1, "w", 1, "settle", (b"EVALSHA", b"d", b"1", b"s", b"1-0"), reply) for reply in (b"-NO\r\n", b":1\r\n")
    ]
    history = History(Plan(1, "s"), [Published(0, "p", "s", "e", "acknowledged", b"1-0"), *told])
    assert kinds(drawn(history).arrows)[1::2] == ["answered refused", "answered settles"]
    assert drawn(history).lifelines[0].count("L") == 1


def struck(*effects: tuple[float, Effect]) -> Picture:
    """A history with faults at these times and nothing else, a second long."""
    faults = [FaultStruck(at, "server", Fault(At(at, "worker"), effect), 0) for at, effect in effects]
    return drawn(History(Plan(1, "s"), [ProcessStarted(0, "worker", 1), *faults, Phase(1000, "server", "over")]))


def test_a_server_is_not_there_while_it_is_down() -> None:
    """From its crash until it is back."""
    before, after = (shape for shape in struck((100, CrashServer(300))).alive if "server" in shape.kind)
    assert before.x + before.width < after.x


def test_a_failover_ends_one_server_and_begins_another() -> None:
    """In a split brain both are there for a time."""
    at_once, later = (
        [shape for shape in struck((100, FailOver(split_ms=split))).alive if "server" in shape.kind]
        for split in (0, 400)
    )
    assert [shape.title for shape in at_once] == ["server", "server 2"]
    assert at_once[0].x + at_once[0].width == at_once[1].x
    assert later[0].x + later[0].width > later[1].x


def test_a_fault_is_drawn_as_long_as_it_lasts() -> None:
    """On the lane that it strikes; what is over at once, as a jump of a clock, has no length."""
    picture = struck((100, PauseProcess(200)), (400, PauseServer(5000)), (500, ShiftClock(-700)))
    lanes = {lane.name: lane for lane in picture.lanes}
    assert [shape.y for shape in picture.troubles] == [
        lanes[name].y + lanes[name].height - 3 for name in ("worker", "server")
    ]
    assert picture.troubles[1].x + picture.troubles[1].width <= picture.axis.width
