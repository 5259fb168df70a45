"""The book's pages, and a browser's tab that shows one."""

from tools import execution

PAGES = sorted(
    path.stem
    for kind in ["*.md", "*.ipynb"]
    for path in (execution.ROOT / "book").glob(kind)
)


def read(context, address):
    """A tab that shows the address; `complaints` and `loaded` are its log."""
    tab = context.new_page()
    # A busy machine is no broken page.
    tab.set_default_timeout(180_000)
    tab.complaints, tab.loaded = [], []
    complain = tab.complaints.append
    tab.on("console", lambda message: complain(message.text))
    tab.on("pageerror", lambda error: complain(str(error)))
    # What was under way when the tab went to another page is no failure.
    tab.on(
        "requestfailed",
        lambda request: (
            request.failure == "net::ERR_ABORTED" or complain(request.url)
        ),
    )
    tab.on("request", lambda request: tab.loaded.append(request.url))
    tab.goto(address, wait_until="load")
    return tab
