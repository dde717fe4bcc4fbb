"""The report and a sheet in a browser: findings of axe-core, size, what is asked of the network.

    python -m studies.office.page REPORT [--pictures FOLDER] [--record]

REPORT is a report.html beside its report_files. Each page is looked at in Chromium, 1400 and 400
pixels wide, the narrow one as a phone with a touch screen: as it opens, and with the numbers of a
landslide and all folded parts open and the slider over dates moved. It needs the packages
playwright and axe-playwright-python, which has axe-core, and Debian's chromium.
"""

import argparse
import importlib.resources
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studies.office import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.office.page REPORT --record"
WIDTHS = {1400: False, 400: True}  # pixels, and whether it is a phone
MAX_MB = 15
OPEN = """() => {
  document.querySelectorAll("details").forEach(one => { one.open = true; });
  const object = document.querySelector("button[data-object]");
  if (object) object.click();
  const slider = document.querySelector("#map-panel fieldset input[type=range]");
  if (slider) { slider.value = 0; slider.dispatchEvent(new Event("input")); }
}"""
LOOK = "() => axe.run(document, {resultTypes: ['violations']})"


def looked_at(browser: Any, address: str, axe: str, width: int, phone: bool, picture: Path) -> dict[str, Any]:
    """Findings in both states of a page, rules that hold, requests, and how far it is too wide."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, has_touch=phone, is_mobile=phone, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(300_000)  # ms: a busy machine is no finding
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_timeout(1500)
    found = {"findings": [], "held": 0, "beside": 0}
    for state in ("opened", "unfolded"):
        if state == "unfolded":
            page.evaluate(OPEN)
            page.wait_for_timeout(1500)
        page.screenshot(path=picture.with_name(f"{picture.stem}_{width}_{state}.png"))
        page.evaluate(axe)
        seen = page.evaluate(LOOK)
        found["findings"] += [f"{one['id']} ({len(one['nodes'])})" for one in seen["violations"]]
        found["held"] = max(found["held"], len(seen["passes"]))
        found["beside"] = max(found["beside"], page.evaluate("() => document.documentElement.scrollWidth - innerWidth"))
    context.close()
    return found | {"asked": [one for one in asked if not one.startswith(("file:", "data:", "blob:"))]}


def rows(report: Path, pictures: Path) -> Iterator[dict]:
    """Rows of each page and width, and of the size."""
    from playwright.sync_api import sync_playwright

    axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()
    pages = {"report": report, "sheet": min(report.with_name("report_files").glob("sheet-*.html"))}
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        for name, path in pages.items():
            for width, phone in WIDTHS.items():
                found = looked_at(browser, path.resolve().as_uri(), axe, width, phone, pictures / name)
                what = f"{name} in Chromium {browser.version.split('.')[0]}, {width} pixels wide{', touch' if phone else ''}"
                findings = ", ".join(sorted(set(found["findings"]))) or "no finding"
                measured = (
                    f"axe-core: {findings}, {found['held']} rules hold; {len(found['asked'])} requests to the network; "
                    f"{max(0, found['beside'])} pixels too wide"
                )
                met = not found["findings"] and not found["asked"] and found["beside"] <= 0
                yield row(what, measured, COMMAND, "no finding, no request, nothing cut off", met)
        browser.close()
    megabytes = report.stat().st_size / 1e6
    yield row("report.html of demo", f"{megabytes:.1f} MB", COMMAND, f"below {MAX_MB} MB", megabytes < MAX_MB)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.page", description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--pictures", type=Path, default=Path("pictures"), help="folder of the screenshots")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    chosen = parser.parse_args()
    found = list(rows(chosen.report, chosen.pictures))
    keep_or_tell(found, put, chosen.record)


if __name__ == "__main__":
    main()
