"""What is drawn of a history."""

from redis_streams.simulations.history import History
from redis_streams.simulations.plan import Plan
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
    alive = [shape for shape in drawn(duplicate_run()).processes if shape.title == "worker-1"]
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
