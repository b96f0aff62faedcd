import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import SplitResult, urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import TimeoutError as PageTimeoutError

from copilot.api.app import create_app
from copilot.process import listening_socket
from copilot.settings import Settings
from copilot.store.repository import Repository
from tests.ports import free_port

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The page refreshes every 5 s; the rest is for a busy machine.
PATIENCE_MS = 180_000


class Server(uvicorn.Server):
    """Leaves signals to the test session."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Site:
    """The API and its page, on a free port unless `port` is given.

    Not a port of the kernel's choice, which another program may get while a site is stopped.
    """

    def __init__(self, settings: Settings, repository: Repository, port: int = 0) -> None:
        self._listener = listening_socket("127.0.0.1", port or free_port())
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        app = create_app(settings, repository)
        self._server = Server(
            uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))

    async def stop(self) -> None:
        self._server.should_exit = True
        await asyncio.wait_for(self._task, PATIENCE_MS / 1000)


@asynccontextmanager
async def site_on(repository: Repository, settings: Settings, port: int = 0) -> AsyncIterator[Site]:
    site = Site(settings, repository, port)
    try:
        yield site
    finally:
        await site.stop()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, or the one that CHROMIUM_BIN names."""
    program = os.environ.get("CHROMIUM_BIN") or shutil.which("chromium")
    if program is None:
        reason = "no Chromium: install the package chromium, or set CHROMIUM_BIN"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, timeout=PATIENCE_MS
        )
        yield browser
        await browser.close()


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("COPILOT_DATABASE_URL", database_url)
    # Five-minute cycles, so that stored verdicts stay fresh on a slow machine.
    monkeypatch.setenv("COPILOT_CYCLE_SECONDS", "300")
    return Settings()


@pytest.fixture
async def site(repository: Repository, settings: Settings) -> AsyncIterator[Site]:
    async with site_on(repository, settings) as serving:
        yield serving


class PageSession:
    """A page with its requests, failed requests and script errors."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.urls: list[SplitResult] = []
        self.problems: list[str] = []
        self.failed_requests: list[str] = []
        page.on("requestfailed", lambda request: self.failed_requests.append(request.url))
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: self.urls.append(urlsplit(request.url)))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))


@asynccontextmanager
async def open_page(
    chromium: Browser, url: str, *, width: int = 1280, dark: bool = False
) -> AsyncIterator[PageSession]:
    """A page of this width, after its first response or failure."""
    context = await chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    session = PageSession(await context.new_page())
    try:
        await session.page.goto(url)
        try:
            await session.page.wait_for_selector('body:not([data-link="first"])')
        except PageTimeoutError as error:
            pytest.fail(
                f"no first response ({error}): {session.problems}, {session.failed_requests}"
            )
        yield session
    finally:
        await context.close()
