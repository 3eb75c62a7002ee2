"""`./dev docs`: write docs/ as a static site to guide/en and guide/zh.

The pages are the same: each tells in English and says in Chinese what it is about. A dead link fails.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

import click
from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parent.parent
SITE = ROOT / "guide"
SECTIONS = {
    "tutorial": ("Tutorial", "教程"),
    "howto": ("How to", "操作指南"),
    "reference": ("Reference", "参考手册"),
    "explanation": ("Explanation", "原理说明"),
    "explanation/decisions": ("Decisions", "决策记录"),
}
LANGUAGES = {"en": "Guide", "zh": "指南"}
SWITCH = [
    {"name": "English", "link": "/guide/en/index.html", "lang": "en"},
    {"name": "中文", "link": "/guide/zh/index.html", "lang": "zh"},
]


def navigation(language: str) -> list[Any]:
    """The pages by the sections of the index, each in its order."""
    place = list(LANGUAGES).index(language)
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    entries: list[Any] = [{LANGUAGES[language]: "README.md"}]
    for section, names in SECTIONS.items():
        pages = sorted(
            (path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / section).glob("*.md")),
            key=lambda path: (index.find(path) if path in index else len(index), path),
        )
        entries.append({names[place]: pages})
    return entries


def write(language: str, site: Path) -> None:
    """Write the site in one language; SystemExit when a link is dead."""
    config = load_config(
        str(ROOT / "mkdocs.yml"), site_dir=str(site / language), nav=navigation(language), strict=True
    )
    config.theme["language"] = language
    config.extra["alternate"] = SWITCH
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    for unneeded in (site / language).rglob("*.map"):
        unneeded.unlink()
    config.plugins.on_shutdown()


@click.command(help=__doc__)
def main() -> None:
    """Write both sites."""
    logging.getLogger("mkdocs").addHandler(logging.StreamHandler())
    shutil.rmtree(SITE, ignore_errors=True)
    for language in LANGUAGES:
        write(language, SITE)
    click.echo(f"{len(list(SITE.rglob('*.html')))} pages in {SITE.relative_to(ROOT)}/, served at /guide")


if __name__ == "__main__":
    main()
