"""The built pages, read as files and in a real browser."""

from pathlib import Path

from bs4 import BeautifulSoup
import execution
import pytest

PAGES = sorted(
    path.stem
    for kind in ["*.md", "*.ipynb"]
    for path in (execution.ROOT / "book").glob(kind)
)
EVERY_PAGE = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def soups(html):
    return {
        page: BeautifulSoup(
            (html / "book" / f"{page}.html").read_text(), "html.parser"
        )
        for page in PAGES
    }


def test_the_book_was_built_from_the_outputs_that_nbval_tested(root):
    log = (root / "_build" / "build.log").read_text()
    assert "Using cached notebook" in log
    assert "Executing notebook" not in log


@EVERY_PAGE
def test_nothing_is_loaded_from_elsewhere(page, soups):
    loads = [
        tag.get("src") or tag.get("href")
        for tag in soups[page].select("script[src], img[src], link[href]")
        if tag.get("rel") not in (["canonical"], ["next"], ["prev"])
    ]
    assert loads
    assert [url for url in loads if "//" in url] == []


@EVERY_PAGE
def test_every_picture_is_described_and_every_figure_has_a_caption(
    page, soups
):
    article = soups[page].select_one("article")
    for image in article.select("img"):
        assert len(image.get("alt", "")) > 20, image
        assert image.find_parent("figure"), image
    for figure in article.select("figure"):
        assert len(figure.figcaption.text) > 20, figure


@EVERY_PAGE
def test_no_markup_is_left_over(page, soups):
    article = soups[page].select_one("article")
    for code in article.select("pre, code"):
        code.decompose()
    for leftover in ["{glue", "{cite", "{numref", "{ref}", "???", "$$"]:
        assert leftover not in article.text


@EVERY_PAGE
def test_links_inside_the_book_lead_somewhere(page, soups, html):
    ids = {
        other: {tag["id"] for tag in soup.select("[id]")}
        for other, soup in soups.items()
    }
    for link in soups[page].select("article a[href]"):
        place, _, name = link["href"].partition("#")
        if ":" in place:
            continue
        assert not place or (html / "book" / place).exists(), link
        other = Path(place).stem if place else page
        assert not name or name in ids.get(other, {name}), link


def test_the_overview_shows_each_assignment_with_its_links(soups, root):
    overview = soups["exercises"].select_one("article table")
    rows = overview.select("tbody tr")[:-1]
    sources = sorted((root / "exercises" / "src").glob("*.md"))
    assert len(rows) == len(sources)
    for row, source in zip(rows, sources, strict=True):
        links = [a["href"] for a in row.select("a.external")]
        assert len(links) == 2
        for link in links:
            assert link.endswith(f"/exercises/{source.stem}.ipynb")
        chapter = root / "book" / f"{source.stem[2:]}.ipynb"
        inside = row.select("a.internal")
        assert len(inside) == chapter.exists()


def test_the_teachers_page_shows_what_was_measured_and_planned(soups):
    tables = soups["teaching"].select("article table")
    heads = [[cell.text for cell in t.select("th")] for t in tables]
    assert any("Seconds each" in head for head in heads)
    (plan,) = [t for t, h in zip(tables, heads, strict=True) if "Week" in h]
    weeks = [row.td.text for row in plan.select("tbody tr")]
    assert weeks == [str(n) for n in range(1, len(weeks) + 1)]
    assert 12 <= len(weeks) <= 14


@EVERY_PAGE
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_the_page_without_complaint(
    page, width, site, browser
):
    complaints = []
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.on("console", lambda m: m.type != "log" and complaints.append(m.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("requestfailed", lambda request: complaints.append(request.url))
    tab.on(
        "request",
        lambda request: (
            request.url.startswith((site, "data:"))
            or complaints.append(request.url)
        ),
    )
    tab.goto(f"{site}/book/{page}.html", wait_until="networkidle")
    assert complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    broken = "i => i.filter(e => e.complete && !e.naturalWidth).length"
    assert tab.eval_on_selector_all("article img", broken) == 0
    unset = "e => e.filter(m => !m.querySelector('mjx-container')).length"
    assert tab.eval_on_selector_all("article .math", unset) == 0
    tab.close()
