"""The page of public numbers: bars, words and figures follow from the release files and other public files, and from nothing else."""

import datetime
import html
import json
import re
from pathlib import Path

import pytest

from crypto import numbers as public
from crypto.segment import build_segment, encode, segment_hash
from intake import clock, numbers, publicfiles
from intake.config import Config
from oversight import tree
from tests.bench import statistics as bench
from tests.harness.firefox import Firefox
from tests.harness.levels import ONION
from tests.intake.test_server import Server
from tests.intake.trees import NOW, PROGRAMME, SEEDS, card, day
from tests.oversight.releases import FIGURES, FIRST, SECOND, STATISTICIAN, THIRD, published, put

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "crypto" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
ALL = (FIRST, SECOND, THIRD)


def make(folder: Path, statistician: bool = True) -> None:
    """A programme with a history of four days: three admitted, one revoked, one suspended."""
    hours = datetime.timedelta(hours=1)
    facts = {**PROGRAMME, "tick": 21600} | ({"statistician": STATISTICIAN} if statistician else {})
    cards = [card(number, f"Reviewer {number}") for number in range(3)]
    tree.create_programme(folder, SEEDS, facts, cards[:2], NOW - 96 * hours)
    tree.publish_roster(folder, SEEDS[:2], cards, NOW - 48 * hours)
    tree.publish_roster(folder, SEEDS[:2], [*cards[:2], {**cards[2], "to": day(2), "ended": "RESIGNED"}], NOW - 25 * hours)
    suspended = {"sign": cards[1]["sign"], "from": day(-1), "until": day(9), "reason": "CONDUCT"}
    tree.publish_suspensions(folder, SEEDS[2:], [suspended], NOW - 24 * hours)


@pytest.fixture
def config(tmp_path, static) -> Config:
    made = Config.for_data(tmp_path / "data")
    make(made.tree)
    return Config(data=made.data, tree=made.tree, static=static)


def release(config: Config, *drawn) -> None:
    put(config.tree, SEEDS[:2], published(publicfiles.programme(config), *drawn), NOW)


def said(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))).replace(" .", ".")


def test_before_the_first_release_it_says_when_that_comes(client):
    text = said(client.get("/numbers").text)
    year = NOW.year if (NOW - datetime.timedelta(hours=96)).year == NOW.year else NOW.year - 1
    assert "Nothing is published yet" in text
    assert f"What reports were about , reports of {year}-01-01 to {year}-12-31: comes on {public.due('T1', f'{year}-Y')}." in text
    assert f"What became of them , reports of {year}-01-01 to {year}-12-31: comes on {public.due('T2', f'{year}-Y')}." in text
    assert all(sentence in text for sentence in public.wording())


def test_every_number_on_the_page_is_that_of_the_release_files(client, config):
    release(config, *ALL)
    page = client.get("/numbers").text
    files, _ = publicfiles.numbers(config)
    for drawn in ALL:
        held = public.parse_release(files[f"statistics/{drawn[1]}-{drawn[0]}.json"])
        caption = f"{public.TABLES[held.table].title}, {held.value['period']['from']} to {held.value['period']['to']}</caption>"
        tables = [part.partition("</table>")[0] for part in page.split(caption)[1:]]
        assert len(tables) == (2 if drawn in (SECOND, THIRD) else 1), "the newest of each on top, and all of them below"
        for table in tables:
            found = re.findall(r'<th scope="row">(.*?)(?:<span.*?)?</th><td class="said">(.*?)</td>', table)
            cells = [(label, re.sub("<.*?>", "", said)) for label, said in found]
            assert cells == [(row.label, row.text) for row in [*public.rows(held), public.total_row(held)]]
    text = said(page)
    assert "about 15 (11 to 19)" in text and "few or none" in text
    assert text.index("2025-Y-T1: What") < text.index("2024-Y-T1: What") < text.index("2024-Y-T2: What")


def test_bars_and_whiskers_end_where_the_numbers_are(client, config):
    release(config, FIRST)
    page = client.get("/numbers").text
    plots = re.findall(r'<span class="plot" aria-hidden="true">(.*?)</span></th>', page)[:5]
    # The longest whisker ends at 34, the right edge.
    assert plots == [
        '<span class="bar w-35"></span><span class="whisker s-24 w-23"></span>',
        '<span class="bar w-21"></span><span class="whisker s-9 w-23"></span>',
        '<span class="bar w-88"></span><span class="whisker s-76 w-24"></span>',
        '<span class="whisker s-0 w-6"></span>',
        '<span class="whisker s-0 w-24"></span>',
    ]
    style = page.partition("<style>")[2].partition("</style>")[0]
    for mark in set(re.findall(r"[sw]-\d+", "".join(plots))):
        side = "inline-size" if mark[0] == "w" else "inset-inline-start"
        assert f".{mark} {{ {side}: {mark[2:]}%; }}" in style
    assert " style=" not in page and "<svg" not in page and "<script" not in page


def test_links_lead_to_the_files(client, config):
    release(config, *ALL)
    files, _ = publicfiles.numbers(config)
    links = set(re.findall(r'href="(/tree/targets/statistics/[^"]+)"', client.get("/numbers").text))
    assert len(links) == len(files) - 1 == 9, "2024 measured nothing exactly, so the page has no link to say so"
    for link in links:
        answer = client.get(link)
        assert (answer.status_code, answer.data) == (200, files["statistics/" + link.rpartition("/")[2].partition(".")[2]])
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.mimetype == {"json": "application/json", "csv": "text/csv", "jsonl": "text/plain"}[link.rpartition(".")[2]]
    for name in ("..%2f1.root.json", "a" * 64 + ".x.html", "a" * 64 + ".x.json", "1.root.json", ""):
        assert client.get(f"/tree/targets/statistics/{name}").status_code == 404


def test_the_tables_of_the_method_are_those_computed(client):
    page = client.get("/numbers").text
    for made in (bench.utility_table(), bench.noise_table(), bench.belief_table()):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in made.splitlines() if not line.startswith("|---")]
        for first, *line in lines[1:]:
            assert f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in line) in page


def test_what_must_be_said(client):
    text = said(client.get("/numbers").text)
    for part in (
        "Reports received",
        "Estimated financial damage Not collected.",
        "Amounts recovered Not collected.",
        "Proceedings of authorities and courts: not collected",
        "sees the true counts, and is trusted to draw the noise once",
        "Uptime of the server: not yet measured",
        "Test reports: not yet measured",
        "./tellsafe verify",
        "A page cannot vouch for itself",
    ):
        assert part in text, part


def test_what_was_measured_exactly_is_in_words_and_in_a_table(client, config):
    release(config, *ALL)
    page = client.get("/numbers").text
    text = said(page)
    assert "Of 6 test reports, reviewers acknowledged 4 by the end of the week after it was sent, 1 later and 1 not at all." in text
    assert "The server answered 2871 of the 2900 times it was asked, 99.0 in 100." in text and "not yet measured" not in text
    for table in page.split("<caption>Test reports and uptime, 2025-01-01 to 2025-12-31</caption>")[1:]:
        cells = re.findall(r'<th scope="row">(.*?)</th><td class="count">(\d+)</td>', table.partition("</table>")[0])
        assert cells == [(label, str(count)) for label, count in zip(public.EXACT.values(), FIGURES, strict=True)]
    assert page.count("<caption>Test reports and uptime") == 2, "on top, and in its release"


def test_exact_figures_come_from_the_signed_history(client):
    page = client.get("/numbers").text
    assert re.search(r"Reviewers who may be drawn today</th><td class=\"count\">2<", page)
    assert re.search(r"Reviewers in notice, paused or suspended</th><td class=\"count\">1<", page)
    years = re.findall(r'<tr><th scope="row">(\d{4})</th>(.*?)</tr>', page)
    counted = [[int(cell) for cell in re.findall(r">(\d+)<", cells)] for _, cells in years]
    assert [sum(column) for column in zip(*counted, strict=True)] == [3, 3, 1, 1, 0, 0], "versions, admitted, left, suspended"


def test_ticks_are_counted_by_week_from_the_public_segments(config):
    programme, today = publicfiles.programme(config), datetime.date(2026, 11, 21)
    (config.files / "clues").mkdir(parents=True)
    previous, number = bytes(32), 0
    for week, count in (("2026-W43", 5), ("2026-W44", 28), ("2026-W46", 1), ("2026-W47", 2)):
        data = b""
        for _ in range(count):
            number += 1
            made, _ = build_segment(programme, number, week, previous, [number.to_bytes(4, "big") * 4096])
            previous = segment_hash(made)
            data += encode(made)
        (config.files / "clues" / week).write_bytes(data)
    (config.files / "head.json").write_text(json.dumps({"number": number}))
    assert numbers.ticks(config, today) == [("2026-W45", 0), ("2026-W44", 28), ("2026-W43", 5)]
    assert numbers.ticks(config, today + datetime.timedelta(days=14))[:2] == [("2026-W47", 2), ("2026-W46", 1)]
    assert numbers.ticks(config, today + datetime.timedelta(days=28))[0] == ("2026-W49", 0)


def test_no_segment_yet_is_no_week(client):
    assert "No whole week has passed yet." in client.get("/numbers").text


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ([], [("T1", "2026-Y"), ("T2", "2026-Y")]),
        ([("T1", "2026-Y", 50)], [("T1", "2027-Y"), ("T2", "2026-Y")]),
        ([("T1", "2026-Y", 50), ("T2", "2026-Y", 1)], [("T1", "2027-Y"), ("T2", "2027-Y")]),
        ([("T1", "2026-Y", 70), ("T1", "2027-Y", 80)], [("T1", "2028-H1"), ("T2", "2026-Y")]),
        ([("T1", "2026-Y", 70), ("T1", "2027-Y", 80), ("T1", "2028-H1", 9)], [("T1", "2028-H2"), ("T2", "2026-Y")]),
        ([("T1", "2026-Y", 900), ("T1", "2027-Y", 900), ("T1", "2028-Q1", 9)], [("T1", "2028-Q2"), ("T2", "2026-Y")]),
    ],
)
def test_what_comes_next_follows_from_what_is_published(held, wanted):
    releases = [public.Release(table, period, {"A": total}, {}) for table, period, total in held]
    assert numbers.upcoming(datetime.date(2026, 11, 1), releases) == wanted


def test_a_release_that_is_late_is_said_so(client, monkeypatch):
    later = public.due("T1", f"{NOW.year}-Y") + datetime.timedelta(days=1)
    monkeypatch.setattr(clock, "today", lambda: later)
    assert "and is not here yet." in client.get("/numbers").text


def test_the_bundle_has_none_of_it_and_the_manifest_has_the_page(client, config):
    before = json.loads(client.get("/tree/bundle.json").data)
    release(config, *ALL)
    after = json.loads(client.get("/tree/bundle.json").data)
    changed = {name for part in after for name, text in after[part].items() if before[part].get(name) != text}
    assert changed == {"timestamp.json", "5.snapshot.json"}
    assert sum(map(len, after.values())) == sum(map(len, before.values()))
    assert "/numbers" in json.loads(client.get("/manifest.json").data)["files"]


@pytest.mark.parametrize("what", ["file", "metadata", "changed"])
def test_damaged_numbers_are_said_so_and_all_else_stands(client, config, what):
    release(config, FIRST)
    path = next((config.tree / "targets" / "statistics").glob("*T1.json"))
    if what == "file":
        path.unlink()
    elif what == "metadata":
        (config.tree / "metadata" / "1.statistics.json").unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b'"keys":["A"', b'"keys":["Z"'))
    text = said(client.get("/numbers").text)
    assert "The releases cannot be shown" in text and "Reviewers who may be drawn today" in text
    assert "Reviewer 0" in client.get("/reviewers").text
    assert client.get("/tree/bundle.json").status_code == 200


def test_without_a_tree_or_a_statistician_it_says_so(tmp_path, static, client, config):
    from intake import create_app

    other = Config.for_data(tmp_path / "other")
    make(other.tree, statistician=False)
    app = create_app(Config(data=other.data, tree=other.tree, static=static))
    assert "has not named a statistician yet" in app.test_client().get("/numbers").text
    (config.tree / "metadata" / "1.roster.json").rename(config.tree / "gone")
    (config.tree / "metadata" / "3.roster.json").unlink()
    assert "The numbers cannot be shown" in client.get("/numbers").text


SIZES = {"phone": (320, 640), "desk": (1280, 900)}


@pytest.fixture(scope="module")
def server(tmp_path_factory, static):
    data = tmp_path_factory.mktemp("numbers") / "data"
    make(data / "tree")
    programme = publicfiles.programme(Config.for_data(data))
    put(data / "tree", SEEDS[:2], published(programme, *ALL), NOW)
    running = Server(data, static)
    yield running
    running.kill()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colours", ["standard", "dark"])
def test_it_fits_reads_and_passes_axe(server, tmp_path, size, colours, request):
    browser = request.getfixturevalue(f"firefox_{colours}")
    browser.set_window(*SIZES[size])
    browser.goto(f"http://{ONION}:{server.port}/numbers")
    assert browser.js("return matchMedia('(prefers-color-scheme: dark)').matches") == (colours == "dark")
    browser.screenshot(tmp_path / f"{size}-{colours}.png")
    browser.js("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert browser.js("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.js(STAYS), "a wide table moves in its own box, and what it is of and what a row is of stay in sight"
    assert browser.axe(AXE.read_text("utf-8")) == []
    check_bars(browser)


STAYS = """return [...document.querySelectorAll('.scroll')].every(box => {
    box.scrollLeft = 999;
    const edge = box.getBoundingClientRect();
    const stay = [...box.querySelectorAll('caption, tr > :first-child')].map(each => each.getBoundingClientRect());
    box.scrollLeft = 0;
    return stay.length && stay.every(each => each.left >= edge.left - 1 && each.right <= edge.right + 1);
})"""


def check_bars(browser: Firefox) -> None:
    """The browser has drawn what the style says: 30 of 34 is 88 hundredths of the plot, and nothing sticks out."""
    browser.js("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    drawn = browser.js(
        """return [...document.querySelectorAll('.plot')].map(plot => {
            const box = plot.getBoundingClientRect(), bar = plot.querySelector('.bar'), whisker = plot.querySelector('.whisker');
            const line = whisker.getBoundingClientRect();
            return [bar ? bar.getBoundingClientRect().width / box.width : 0, line.left >= box.left - 1 && line.right <= box.right + 5];
        })"""
    )
    assert len(drawn) == 25 and all(inside for _, inside in drawn)
    assert any(abs(width - 0.88) < 0.01 for width, _ in drawn)


def test_at_safest_nothing_is_missing(server, firefox_safest):
    firefox_safest.goto(f"http://{ONION}:{server.port}/numbers")
    text = firefox_safest.js("return document.querySelector('main').textContent")
    assert "about 30 (26 to 34)" in text and "What became of them" in text
    check_bars(firefox_safest)
