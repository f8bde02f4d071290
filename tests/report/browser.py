"""A page in headless Chromium: what a script that is put at its end finds there."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# A window is never narrower than 500 pixels, but a frame in it is.
FRAME = """<!doctype html><body><pre id="found"></pre>
<iframe id="frame" style="width:{width}px;height:800px;border:0"></iframe>
<script>
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  found.textContent = JSON.stringify((() => {{ {script} }})());
}};
frame.srcdoc = {page};
</script>
"""


def look(page: Path, script: str, width: int, folder: Path) -> tuple[Any, list[str]]:
    """What ``script`` returns of the ``page`` at a width, and what the console said.

    The script has ``page``, the document, and ``view``, its window.
    """
    chromium = next((found for name in NAMES if (found := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("there is no Chromium here to open the page")
    content = json.dumps(page.read_text(encoding="utf-8")).replace("</", "<\\/")
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width, script=script, page=content), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    options += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run(
        [chromium, *options, frame.as_uri()], capture_output=True, text=True, timeout=120
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    assert found[1], done.stderr[-2000:]
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return json.loads(html.unescape(found[1])), said
