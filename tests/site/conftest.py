"""The built book, and a browser to look at it."""

import os
import shutil

import pytest

from benchmarks.lighthouse import serve
from tests.site.tabs import read


@pytest.fixture(scope="session")
def html(root):
    """The folder of the built pages."""
    folder = root / "_build" / "html"
    assert (folder / "index.html").exists(), "run `make book` first"
    return folder


@pytest.fixture(scope="session")
def site(html):
    """The address of a server of the built pages: they lie below a path."""
    with serve(html) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window."""
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set, but there is no chromium")
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                # A busy machine is no slow network, of which it would warn.
                "--force-effective-connection-type=4G",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Open an address as a new reader would, with nothing remembered."""
    contexts = []

    def open_address(address, width=1280, **settings):
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, **settings))
        return read(contexts[-1], address)

    yield open_address
    for context in contexts:
        context.close()
