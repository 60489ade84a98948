"""A Chromium for the tests: one that is installed, else one that is fetched, else a sentence that says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")
HELP = (
    "These tests drive a real Chromium and found none, nor could one be fetched: install Debian's package `chromium`, "
    "or run `python -m playwright install chromium`, or set CHROMIUM_PATH to an executable."
)


def find(playwright) -> str | None:
    """Path of an installed Chromium: CHROMIUM_PATH, one on the PATH, or Playwright's own."""
    given = os.environ.get("CHROMIUM_PATH")
    candidates = [given, *map(shutil.which, NAMES), playwright.chromium.executable_path]
    return next((path for path in candidates if path and Path(path).is_file()), None)


def fetch() -> None:
    """Try Debian's package as root, then Playwright's download; whether it worked is for `find` to say."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"], check=False)
    if not any(map(shutil.which, NAMES)):
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
