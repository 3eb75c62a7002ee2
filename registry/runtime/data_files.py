"""The folders that ship with the program: migrations, seeds the built web pages and the guide."""

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).resolve().parents[1]
IN_CHECKOUT = {"migrations": "migrations", "seeds": "seeds", "web": "web/dist", "guide": "guide"}


def folder(name: Literal["migrations", "seeds", "web", "guide"], package: Path = PACKAGE) -> Path:
    """The folder inside the installed package, or in a checkout the folder beside it."""
    packed = package / "_data" / name
    return packed if packed.is_dir() else package.parent / IN_CHECKOUT[name]
