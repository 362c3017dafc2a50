"""The report's pages in a browser: they open in silence, work by keyboard alone, and can be read in light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from redis_streams.simulations.history import HandlerStarted
from redis_streams.simulations.report import batch_page, failure_page
from support.browser import Browser, Page
from support.histories import batch, duplicate_run, failure, long_run, well

# One browser for all of them, also where tests run beside each other.
pytestmark = pytest.mark.xdist_group("browser")

PAGES = {
    "failure": lambda: failure_page(failure(nearest=well())),
    "long": lambda: failure_page(failure(long_run())),
    "batch": lambda: batch_page(batch()),
}
CHOSEN = "document.querySelector('[aria-selected=true] b')?.textContent ?? null"
LIFELINES = "[...document.querySelectorAll('#lifelines .shown')].map(line => Number(line.dataset.life))"
ROWS = "rows.filter(row => !row.hidden).map(row => row.cells[4].textContent)"
FOCUS = "document.activeElement.id"
# WCAG 2's contrast of the text of an element with what lies behind it.
CONTRAST = """
(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => [0.2126, 0.7152, 0.0722].reduce((sum, part, at) => {
    const value = rgb(color)[at] / 255;
    return sum + part * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return rgb(color)[3] === 255 || !element.parentElement ? color : behind(element.parentElement);
  };
  return [...document.querySelectorAll(selector)].map((element) => {
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  });
}
"""


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Callable[..., Page]:
    """Opens one of the pages, or a page of HTML."""

    def opened(name: str = "failure", html: str = "", **options: object) -> Page:
        file = tmp_path / f"{name}.html"
        file.write_text(html or PAGES[name]())
        return browser.open(file, **options)

    return opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_a_complaint_and_asks_for_nothing_else(
    opened: Callable[..., Page], name: str, scheme: str
) -> None:
    """The one request is the page itself."""
    page = opened(name, scheme=scheme)
    assert page.complaints() == []
    assert len(page.requests()) == 1
    assert page.run("document.querySelector('h1').textContent.length") > 10


def test_complaints_and_requests_would_be_seen(opened: Callable[..., Page]) -> None:
    """The test above is worth something: a page with a mistake, a warning and an image of elsewhere shows all three."""
    page = opened(
        "bad", "<script>console.error('one')</script><script>two()</script><img src='http://127.0.0.1:1/three.png'>"
    )
    assert len(page.requests()) == 2
    assert "one" in page.complaints()
    assert any("two is not defined" in complaint for complaint in page.complaints())


def test_a_page_could_not_load_anything_even_if_it_wanted_to(opened: Callable[..., Page]) -> None:
    """Its own policy forbids it: what a template's author overlooks stays harmless."""
    page = opened("failure", PAGES["failure"]().replace("<header>", "<img src='http://127.0.0.1:1/three.png'><header>"))
    assert any("Content Security Policy" in complaint for complaint in page.complaints())


def test_the_event_of_the_verdict_is_chosen_at_first(opened: Callable[..., Page]) -> None:
    """Its lifeline is drawn, and only its records, faults and processes are listed."""
    page = opened()
    assert page.run(CHOSEN) == "order-3"
    assert page.run(LIFELINES) == [2]
    rows = page.run(ROWS)
    assert "handler starts on order-3: its 3rd delivery, run 7" in rows
    assert not [row for row in rows if "order-1" in row and "fault" not in row]


def test_arrow_keys_choose_events_and_everything_follows(opened: Callable[..., Page]) -> None:
    """The list has the focus from the start; the picture and the table show what is chosen."""
    page = opened()
    page.press("ArrowDown")
    assert page.run(CHOSEN) == "order-4"
    assert page.run(LIFELINES) == [3]
    assert "handler of order-4 returns (run 5)" in page.run(ROWS)
    page.press("ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp")
    assert page.run(CHOSEN) == "order-1"
    page.press("End")
    assert page.run(CHOSEN) == "order-4"


def test_a_chosen_event_stands_out_in_the_picture(opened: Callable[..., Page]) -> None:
    """Its bars are as strong as ever, the others are pale."""
    page = opened()
    strengths = page.run(
        "[...document.querySelectorAll('#bars [data-e]')].map(bar => [bar.dataset.e, getComputedStyle(bar).opacity])"
    )
    assert {strength for event, strength in strengths if event == "2"} == {"1"}
    assert {float(strength) < 0.5 for event, strength in strengths if event != "2"} == {True}


def test_escape_shows_all_events_alike(opened: Callable[..., Page]) -> None:
    """No lifeline, no pale shapes, all records."""
    page = opened()
    page.press("Escape")
    assert page.run(CHOSEN) is None
    assert page.run(LIFELINES) == []
    assert page.run("picture.classList.contains('choosing')") is False
    assert len(page.run(ROWS)) == len(duplicate_run().records)


def test_a_slash_filters_the_events(opened: Callable[..., Page]) -> None:
    """What is typed narrows the list and chooses among what is left; Enter goes there, Escape takes it back."""
    page = opened("long")
    page.press("/", *"event-12")
    shown = "options.filter(option => !option.hidden).map(option => option.querySelector('b').textContent)"
    assert page.run(shown) == [f"event-12{digit}" for digit in range(10)]
    assert page.run(CHOSEN) == "event-120"
    page.press("Enter", "ArrowDown")
    assert page.run(CHOSEN) == "event-121"
    page.press("/", "Escape")
    assert len(page.run(shown)) == 150
    assert page.run(FOCUS) == "events"


def test_t_filters_the_table(opened: Callable[..., Page]) -> None:
    """By words, by kind, and by whether it is the chosen event's."""
    page = opened()
    page.press("t", *"SETTLE")
    assert [row.split()[0] for row in page.run(ROWS)] == ["fault", "settle"]
    page.run("byId('only').click()")
    assert len(page.run(ROWS)) > 4
    page.run("byId('kind').value = 'fault'; byId('kind').dispatchEvent(new Event('input'))")
    assert len(page.run(ROWS)) == 1


def test_the_table_can_be_walked_and_points_into_the_picture(opened: Callable[..., Page]) -> None:
    """From row to row with the arrow keys; a line in the picture is where the row's record is."""
    page = opened()
    page.run("rows.find(row => row.tabIndex === 0).focus()")
    page.press("ArrowDown", "ArrowDown")
    assert page.run("document.activeElement.id") == "r2"
    assert page.run("byId('cursor').getAttribute('x1') === rows[2].dataset.x") is True
    assert page.run(CHOSEN) == "order-3"


def test_a_click_on_a_run_chooses_its_event(opened: Callable[..., Page]) -> None:
    """For those who have a mouse."""
    page = opened()
    page.click('#bars .run[data-e="1"]')
    assert page.run(CHOSEN) == "order-2"


def test_everything_can_be_reached_by_tab(opened: Callable[..., Page]) -> None:
    """List, picture, filters, a row of the table."""
    page = opened()
    reached = []
    for _ in range(8):
        page.press("Tab")
        reached.append(page.run("document.activeElement.id"))
    assert reached[:5] == ["scroll", "words", "kind", "only", "r0"]


def test_a_long_run_has_an_overview_that_leads_anywhere(opened: Callable[..., Page]) -> None:
    """A click at its end shows the end."""
    page = opened("long")
    before = page.run("scroller.scrollLeft")
    page.click("#overview")
    page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.run("scroller.scrollLeft") > before + 1000
    assert page.run("Number(byId('window').getAttribute('x')) === scroller.scrollLeft") is True


@pytest.mark.parametrize("name", ["failure", "batch"])
def test_light_and_dark_are_different_and_both_can_be_read(opened: Callable[..., Page], name: str) -> None:
    """Text has a contrast of 4.5 at least, which WCAG asks for."""
    papers = []
    for scheme in ("light", "dark"):
        page = opened(name, scheme=scheme)
        papers.append(page.run("getComputedStyle(document.body).backgroundColor"))
        ratios = page.run(f"({CONTRAST})('h1, h2, h3, p, p b, li, small, td, th, code, dt, dd, .badge, .broken')")
        assert len(ratios) > 20
        assert min(ratios) >= 4.5
    assert papers[0] != papers[1]


def test_what_a_run_says_is_text_and_nothing_else(opened: Callable[..., Page]) -> None:
    """Ids, keys and verdicts that look like HTML are shown as they are."""
    evil = '"><script>console.error("ran")</script><img src=x onerror=console.error("ran")>'
    history = duplicate_run()
    history.records = [
        evolve(record, event_id=evil, key=evil) if isinstance(record, HandlerStarted) else record
        for record in history.records
    ]
    told = failure(history, nearest=well())
    verdict = evolve(told.verdicts[0], words=evil, promise=evil, event_ids=(evil,))
    page = opened("evil", failure_page(evolve(told, status=evil, verdicts=(verdict,), replay=evil, trace_hash=evil)))
    assert page.complaints() == []
    assert page.run("document.images.length") == 0
    assert page.run("document.scripts.length") == 1
    assert page.run(CHOSEN) == evil


def test_a_narrow_window_does_not_scroll_sideways(opened: Callable[..., Page]) -> None:
    """Only the picture and the tables do, inside themselves."""
    for name in PAGES:
        page = opened(name, width=480)
        assert page.run("document.documentElement.scrollWidth") <= 480
