"""The built book, and a browser to look at it."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
import os
import shutil
import threading

import pytest


@pytest.fixture(scope="session")
def html(root):
    """The folder of the built pages."""
    folder = root / "_build" / "html"
    assert (folder / "index.html").exists(), "run `make book` first"
    return folder


@pytest.fixture(scope="session")
def site(html):
    """The address of a server, on this machine alone, of the built pages."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = partial(Quiet, directory=html)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


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
