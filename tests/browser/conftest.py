"""The demo's service in a real browser: who visits, on what screen, and what must hold everywhere.

Where there is no Chromium the tests are skipped with that reason; with `TRACKER_BROWSER=required`
(as the CI has it) they fail instead.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    StorageState,
    sync_playwright,
)

PHONE, TABLET, WALL = (360, 740), (768, 1024), (1920, 1080)
SIZES = (PHONE, TABLET, WALL)
PAGE_BYTES_MAX = 100 * 1024
"""What a page may weigh with its styles, scripts and typeface, as it goes over the line."""

PICTURES = Path(__file__).parent.parent / "output"
_LOGINS = {"admin": "admin", "manager": "cho", "field": "to", "ioc": "ioc"}


class Site:
    """The running demo."""

    def __init__(self, url: str, password: str, keys: dict[str, str]) -> None:
        self.url = url
        self.password = password
        self.keys = keys


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("TRACKER_BROWSER") == "required":
            pytest.fail("There is no chromium on the path, and TRACKER_BROWSER says there must be.")
        pytest.skip("There is no chromium on the path: apt install chromium.")
    return found


@pytest.fixture(scope="session")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`tracker demo` as it ships, until the last test has ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "tracker.cli", "demo", "--data", str(data)]
    # Tests make more requests a minute than people do.
    environment = {**os.environ, "TRACKER_RATE_LIMITS": "", "TRACKER_VISITS_PER_MIN": "100000"}
    with subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        password = re.search(r"password of all four: (\S+)\)", said)
        assert password is not None, said
        keys = dict(re.findall(r"^  (\w+) +(cmt_\S+)$", said, re.MULTILINE))
        yield Site(f"http://127.0.0.1:{port}", password[1], keys)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for a file's tests: playwright keeps an event loop in the test's own thread, in
    which the tests of other files could not start theirs.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, StorageState]:
    return {}


class Visitor:
    """Somebody with a browser window, and what went wrong in it."""

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.site = site
        self.context = context
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.bytes = 0
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        context.on("request", lambda request: self._request(request.url))
        self.page.on("requestfinished", self._finished)

    def _console(self, kind: str, text: str) -> None:
        if kind == "error" or "Content Security Policy" in text:
            self.wrong.append(f"console: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith((self.site.url, "data:", "blob:")):
            self.wrong.append(f"request to another host: {url}")

    def _finished(self, request: Request) -> None:
        self.bytes += request.sizes()["responseBodySize"]

    def open(self, path: str) -> Page:
        """Goes to a path of the service and waits until it is there; counts the page's bytes."""
        self.bytes = 0
        self.page.goto(self.site.url + path, wait_until="networkidle")
        return self.page

    def look(self, name: str) -> None:
        """A picture of the page under `tests/output`, and no fault that axe-core finds."""
        size = self.page.viewport_size
        assert size is not None
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}-{size['width']}.png", full_page=True)
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()

    def weighs_little(self) -> None:
        """The page that was opened last is within the budget, its typeface included."""
        assert self.bytes <= PAGE_BYTES_MAX, self.bytes


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(site: Site, browser: Browser, _signed_in: dict[str, StorageState]) -> Iterator[Visit]:
    """Opens windows: `visit("manager", PHONE)`; without a role nobody is signed in.

    At the end nothing may have gone wrong in any: no script error, no report against the policy,
    no request to another host.
    """
    opened: list[Visitor] = []

    def enter(
        role: str | None = None, size: tuple[int, int] = TABLET, *, scripts: bool = True
    ) -> Visitor:
        if role is not None and role not in _signed_in:
            _signed_in[role] = _sign_in(site, browser, role)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="vi-VN",
            java_script_enabled=scripts,
            storage_state=None if role is None else _signed_in[role],
        )
        context.set_default_timeout(15_000)
        opened.append(Visitor(site, context))
        return opened[-1]

    yield enter
    wrong = [one for visitor in opened for one in visitor.wrong]
    for visitor in opened:
        visitor.context.close()
    assert not wrong, wrong


def _sign_in(site: Site, browser: Browser, role: str) -> StorageState:
    context = browser.new_context(locale="vi-VN")
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Số điện thoại hoặc email").fill(f"{_LOGINS[role]}@demo.example")
    page.get_by_label("Mật khẩu").fill(site.password)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    state = context.storage_state()
    context.close()
    return state
