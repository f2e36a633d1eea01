"""The page around a picture: links to the other dashboards, to other times, and each panel's description."""

from __future__ import annotations

from html import escape

from all_dashboards import all_dashboards
from drawing import box_of, size_of
from layout import placed
from panels import Dashboard, Panel

RANGES = {60: "1 hour", 15: "15 minutes", 360: "6 hours", 1440: "1 day"}
"""Minutes, and how they are called; the first is what one sees first."""
REFRESH_SECONDS = 10

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ margin: 0; background: #f3f4f7; color: #24292e; font: 15px/1.5 system-ui, sans-serif; }}
  header {{ display: flex; flex-wrap: wrap; gap: 4px 28px; padding: 10px 16px; background: #fff;
    border-bottom: 1px solid #dcdfe6; position: sticky; top: 0; z-index: 1; }}
  nav {{ display: flex; gap: 4px; }}
  a {{ padding: 2px 10px; border-radius: 6px; color: inherit; text-decoration: none; }}
  a:hover {{ background: #eef1f6; }}
  a[aria-current] {{ background: #3274d9; color: #fff; }}
  output {{ margin-left: auto; color: #b3261e; }}
  main {{ position: relative; max-width: {width}px; margin: 0 auto; aspect-ratio: {width} / {height}; }}
  img {{ display: block; width: 100%; }}
  main div {{ position: absolute; }}
</style>
<header>
  <nav aria-label="Dashboards">{dashboards}</nav>
  <nav aria-label="Time">{ranges}</nav>
  <output></output>
</header>
<main>
  <img src="/{name}.png?minutes={minutes}" alt="{description}">
{panels}
</main>
<script src="/refresh.js"></script>
</html>
"""


def page(dashboard: Dashboard, minutes: int) -> str:
    width, height = size_of(dashboard)
    return PAGE.format(
        title=escape(dashboard.title),
        name=dashboard.name,
        description=escape(dashboard.description),
        minutes=minutes,
        width=width,
        height=height,
        dashboards="".join(
            _link(each, minutes, each.title.removeprefix("Headway: "), here=each == dashboard)
            for each in all_dashboards()
        ),
        ranges="".join(_link(dashboard, each, name, here=each == minutes) for each, name in sorted(RANGES.items())),
        panels="\n".join(_descriptions(dashboard)),
    )


def _link(dashboard: Dashboard, minutes: int, text: str, *, here: bool) -> str:
    current = ' aria-current="page"' if here else ""
    return f'<a href="/d/{dashboard.uid}?minutes={minutes}"{current}>{escape(text)}</a>'


def _descriptions(dashboard: Dashboard) -> list[str]:
    """Over each panel something unseen that says its description to whoever points at it."""
    width, height = size_of(dashboard)
    found = []
    for what, place in placed(dashboard):
        if isinstance(what, Panel):
            box = box_of(place)
            style = (
                f"left:{100 * box.left / width:.3f}%;top:{100 * box.top / height:.3f}%;"
                f"width:{100 * box.width / width:.3f}%;height:{100 * box.height / height:.3f}%"
            )
            found.append(f'  <div style="{style}" title="{escape(what.description)}"></div>')
    return found
