"""Copy the studio's three small libraries and its two fonts from where npm and Debian's packages put them.

mkdir scratch && cd scratch && npm install preact@11.2.0 @preact/signals@2.11.4 @preact/signals-core htm@3.1.1 \
    @fontsource-variable/source-serif-4 && python ../scripts/studio_vendor.py node_modules

With --maths STIXMath-Regular.otf (of Debian's fonts-stix) the mathematical font is cut anew too; that needs fonttools
and brotli. What is committed is what is served: nothing of this is needed to install or run the studio.
"""

import argparse
import json
import re
from pathlib import Path

STATIC = Path(__file__).parents[1] / "src" / "sfumato" / "studio" / "static"
LIBRARIES = {
    "preact": ("preact", "dist/preact.mjs"),
    "hooks": ("preact", "hooks/dist/hooks.mjs"),
    "signals-core": ("@preact/signals-core", "dist/signals-core.module.js"),
    "signals": ("@preact/signals", "dist/signals.module.js"),
    "htm": ("htm", "dist/htm.module.js"),
}
"""Our file's name: the package and its file."""

HOMES = {"preact": "preact", "preact/hooks": "hooks", "@preact/signals-core": "signals-core"}
"""What they import from each other, which a browser without an import map finds by address."""

SERIF = "@fontsource-variable/source-serif-4"
GLYPHS = (
    "20-7E,A0,AF,B1,B7,D7,302,304,305,391-3C9,3D5,3F5,2016,2026,2032,2061-2064,2112,210E,2200-2265,22A4,22EF,27E8,27E9,"
    "1D400-1D467,1D49C-1D4B5,1D6A4,1D6E2-1D71B,1D7CE-1D7D7"
)

OWNERS = """\
Copyright 2001-2010 STI Pub Companies, 1998-2003 MicroPress, Inc., 1990 Elsevier, Inc.
Cut from STIXMath-Regular (fonts-stix 1.1.1) to the glyphs of this article's formulas, and renamed.
"""


def vendored(modules: Path) -> None:
    """The libraries, with the addresses of each other."""
    folder = STATIC / "vendor"
    folder.mkdir(parents=True, exist_ok=True)
    notices = []
    for name, (package, file) in LIBRARIES.items():
        text = (modules / package / file).read_text(encoding="utf-8")
        text = re.sub(r"//# sourceMappingURL=.*", "", text)
        text = re.sub(r'from"([^"./][^"]*)"', lambda found: f'from"./{HOMES[found[1]]}.js"', text)
        (folder / f"{name}.js").write_text("// @ts-nocheck\n" + text.strip() + "\n", encoding="utf-8")
        about = json.loads((modules / package / "package.json").read_text(encoding="utf-8"))
        notices.append(f"{name}.js: {package} {about['version']}, {about['license']}")
    licences = {
        package: (modules / package / "LICENSE").read_text(encoding="utf-8") for package, _ in LIBRARIES.values()
    }
    parts = ["\n".join(notices)] + [f"{'-' * 60}\n{package}\n\n{text.strip()}" for package, text in licences.items()]
    (folder / "LICENCES").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def serif(modules: Path) -> None:
    """The face of the text."""
    folder = STATIC / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for ours, theirs in {"roman": "normal", "italic": "italic"}.items():
        data = (modules / SERIF / "files" / f"source-serif-4-latin-wght-{theirs}.woff2").read_bytes()
        (folder / f"serif-{ours}.woff2").write_bytes(data)
    text = (modules / SERIF / "LICENSE").read_text(encoding="utf-8")
    (folder / "LICENCE-serif").write_text(text, encoding="utf-8")


def maths(source: Path) -> None:
    """The glyphs that formulas use, under a name of our own: the licence keeps the old one for the whole font."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(flavor="woff2", layout_features=["ssty", "kern"], drop_tables=["FFTM"])
    font = TTFont(source)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=subset.parse_unicodes(GLYPHS))
    cut.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = "SfumatoMaths"
    subset.save_font(font, STATIC / "fonts" / "maths.woff2", options)
    text = (STATIC / "fonts" / "LICENCE-serif").read_text(encoding="utf-8")
    (STATIC / "fonts" / "LICENCE-maths").write_text(
        OWNERS + text[text.index("\nThis Font Software") :], encoding="utf-8"
    )


def main() -> None:
    """Copy what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", type=Path, help="npm's node_modules")
    parser.add_argument("--maths", type=Path, help="STIXMath-Regular.otf")
    arguments = parser.parse_args()
    vendored(arguments.modules)
    serif(arguments.modules)
    if arguments.maths:
        maths(arguments.maths)


if __name__ == "__main__":
    main()
