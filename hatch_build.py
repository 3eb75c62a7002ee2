"""Puts seeds, built web pages and guide into the wheel, the pages only where somebody built them."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataFiles(BuildHookInterface):
    """Includes what `registry/runtime/data_files.py` looks for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name what to include; say in one line when there are no pages."""
        include, root = build_data["force_include"], Path(self.root)
        for seed in [*(root / "seeds").glob("*.*json"), root / "seeds" / "README.md"]:
            include[str(seed)] = f"registry/_data/seeds/{seed.name}"
        pages = root / "web" / "dist"
        if (pages / "index.html").is_file():
            include[str(pages)] = "registry/_data/web"
        else:
            self.app.display_warning(
                "the wheel has no map: `./dev build` makes web/dist first, with Node 20.19"
            )
        if (root / "guide" / "en" / "index.html").is_file():
            include[str(root / "guide")] = "registry/_data/guide"
        else:
            self.app.display_warning("the wheel has no guide: `./dev docs` makes it first")
