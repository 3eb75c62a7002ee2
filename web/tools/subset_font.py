"""Cuts the map's font out of Noto Sans CJK: GB 2312 level 1, every character of the seeds and the screen, Latin.

usage: python web/tools/subset_font.py NotoSansCJK-Regular.ttc   (needs fonttools and brotli)
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = (*ROOT.glob("seeds/**/*.json"), *ROOT.glob("seeds/**/*.geojson"), *ROOT.glob("web/src/**/*.ts"))
SIMPLIFIED_CHINESE = 2
"""Index of the SC face in the collection."""


def level_1() -> set[str]:
    """The 3,755 most used characters: rows 16 to 55 of GB 2312."""
    rows = (bytes([row + 0xA0, cell + 0xA0]) for row in range(16, 56) for cell in range(1, 95))
    return {code.decode("gb2312", "ignore") for code in rows} - {""}


def wanted() -> str:
    """Every character the font must have."""
    used = set("".join(path.read_text(encoding="utf-8") for path in TEXTS))
    latin = {chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180))}
    marks = set("　、。〈〉《》「」『』【】〔〕・！（），：；？～“”‘’…—·①②③④⑤⑥⑦⑧⑨⑩％＋－＝≤≥×÷±°′″→←↑↓▲▼●○◆◇■□★☆✓✕⚠²³㎡")
    return "".join(sorted(level_1() | used | latin | marks))


def main(collection: str) -> None:
    """Write web/fonts/registry-sans.woff2."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as text:
        text.write(wanted())
        text.flush()
        options = [f"--font-number={SIMPLIFIED_CHINESE}", f"--text-file={text.name}", "--flavor=woff2"]
        options += ["--layout-features=kern,locl", "--no-hinting", "--desubroutinize", "--name-IDs=0,1,2,13,14"]
        output = f"--output-file={ROOT / 'web/fonts/registry-sans.woff2'}"
        subprocess.run([sys.executable, "-m", "fontTools.subset", collection, *options, output], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
