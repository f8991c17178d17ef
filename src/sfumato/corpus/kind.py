"""What a file's first bytes say it is: a kind of picture that is read here, or something else with its remedy."""

import re

from sfumato.errors import CorpusError

SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"BM.{12}[\x0c-\xff]\0\0\0", re.DOTALL), "BMP"),
)
OTHERS = (
    (re.compile(rb"\s*(<\?xml.*|<!--.*|<!DOCTYPE svg.*)?<svg[\s/>]", re.DOTALL), "an SVG drawing, which has no pixels"),
    (re.compile(rb"\x1f\x8b"), "a gzip file, perhaps a compressed SVG drawing"),
    (
        re.compile(rb"\s*<(!doctype )?html", re.IGNORECASE),
        "a web page, perhaps of a download that failed: get the picture anew",
    ),
    (re.compile(rb"version https://git-lfs"), "a Git LFS pointer: fetch the file itself with git lfs pull"),
    (re.compile(rb"II\*\0|MM\0\*"), "a TIFF file"),
    (re.compile(rb"....ftyp(avif|avis)", re.DOTALL), "an AVIF file"),
    (re.compile(rb"....ftyp(heic|heix|mif1|msf1)", re.DOTALL), "a HEIC file"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "a JPEG XL file"),
    (re.compile(rb"8BPS"), "a Photoshop file"),
    (re.compile(rb"%PDF"), "a PDF"),
)
"""(first bytes, what it is): what people have in their folders that is no picture, or none that is read here."""


def kind_of(data: bytes) -> str:
    """PNG, JPEG, WEBP, GIF or BMP. Raises CorpusError that says what the file is instead, as far as that is known."""
    if not data:
        raise CorpusError("its picture is empty or cannot be read")
    head = data[:2048]
    for signature, kind in SIGNATURES:
        if signature.match(head):
            return kind
    for signature, what in OTHERS:
        if signature.match(head):
            remedy = "" if ":" in what else ": make it a PNG, JPEG or WebP picture"
            raise CorpusError(f"it is {what}{remedy}")
    raise CorpusError("its picture cannot be decoded (PNG, JPEG, WebP, GIF and BMP can)")
