"""Every picture carries its recipe and its mark, in all three formats, and strangers' pictures are read with care."""

import io
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from sfumato.errors import OutputError, RecipeError
from sfumato.picture import Picture
from sfumato.provenance import files
from sfumato.provenance.files import encode, format_of, read
from sfumato.provenance.record import hashed, open_record, private_record, read_record, with_sidecar
from sfumato.provenance.xmp import TRAINED, packet
from sfumato.recipe import Recipe

PROMPT = 'a <red> & "blue" apple 🍎\nりんご'


def recipe(prompt=PROMPT, **changes):
    entries = {
        "prompt": prompt,
        "negative": "worms",
        "seed": 3,
        "model": "tiny",
        "model_hash": "ab" * 32,
        "size": (24, 16),
        "steps": 2,
        "grid": "trailing",
        "sampler": {"kind": "ddim", "eta": 0.0},
        "guidance": {"kind": "classifier-free", "scale": 4.0},
        "engine": {"sfumato": "0.1.0"},
    }
    return Recipe(**(entries | changes))


@pytest.fixture
def pixels():
    ramp = np.arange(16 * 24 * 3, dtype=np.uint32) * 7919 % 251
    return ramp.astype(np.uint8).reshape(16, 24, 3)


@pytest.fixture
def picture(pixels):
    return Picture.from_pixels(pixels, recipe())


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".PNG"])
def test_recipe_and_mark_survive_every_format(picture, pixels, tmp_path, suffix):
    path = picture.save(tmp_path / f"x{suffix}")
    record, back, kind = read(path)
    assert record.recipe == picture.recipe
    assert not record.private
    assert kind == format_of(path)
    assert TRAINED.encode() in path.read_bytes()
    if kind != "jpeg":
        np.testing.assert_array_equal(back, pixels)
    with PIL.Image.open(path) as image:
        text = image.info.get("xmp") or image.info["XML:com.adobe.xmp"]
    entries = {entry.tag.rpartition("}")[2]: entry.text for entry in ElementTree.fromstring(text).iter()}
    assert entries["DigitalSourceType"] == TRAINED
    assert entries["AIPromptInformation"] == PROMPT
    assert entries["CreatorTool"] == "Sfumato 0.1.0"


@pytest.mark.parametrize("prompt", ["x" * 2000, "🍎" * 2000, "\ud800 lone", "nul \0 and \x1b escape", "]]> <!-- -->"])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_any_prompt_fits_any_format(pixels, tmp_path, prompt, kind):
    path = Picture.from_pixels(pixels, recipe(prompt, negative=prompt)).save(tmp_path / f"x.{kind}")
    assert read(path)[0].recipe.prompt == prompt


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_private_picture_does_not_betray_its_prompt(picture, tmp_path, suffix):
    path = picture.save(tmp_path / f"x{suffix}", private=True)
    data = path.read_bytes()
    sidecar = tmp_path / f"x{suffix}.json"
    record, _, _ = read(path)
    assert record.recipe == picture.recipe, "with the sidecar beside it"
    hidden = sidecar.rename(tmp_path / "elsewhere.json")
    record, _, _ = read(path)
    assert record.private
    assert record.recipe is None
    assert not {"prompt", "negative", "seed"} & set(record.public)
    assert len(record.public["prompt_sha256"]) == 64
    for secret in ("apple", "worms", "りんご"):
        assert secret.encode() not in data
    assert TRAINED.encode() in data
    assert picture.recipe.prompt in hidden.read_text() or "apple" in hidden.read_text()


def test_the_hash_is_salted_and_binds_the_sidecar():
    one, two = private_record(recipe()), private_record(recipe())
    assert one.public["prompt_sha256"] != two.public["prompt_sha256"]
    assert one.public["prompt_sha256"] == hashed(PROMPT, one.salt)
    assert with_sidecar(read_record(one.text), one.sidecar).recipe == recipe()
    with pytest.raises(RecipeError, match="does not belong"):
        with_sidecar(one, two.sidecar)
    for damaged in (b"", b"[]", b"{}", b'{"recipe": {}, "salt": ""}', b'{"recipe": 1, "salt": 2}'):
        with pytest.raises(RecipeError):
            with_sidecar(one, damaged)


def test_saving_twice_replaces_and_leaves_nothing_else(picture, tmp_path):
    picture.save(tmp_path / "x.png")
    picture.save(tmp_path / "x.png")
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_formats_that_are_not_written(picture, tmp_path):
    for name in ("x.gif", "x", "x.tiff", "x.svg"):
        with pytest.raises(OutputError, match=r"written as \.png, \.jpg or \.webp"):
            picture.save(tmp_path / name)
    with pytest.raises(OutputError, match="unknown format 'bmp'"):
        encode(picture.image, open_record(picture.recipe), "bmp")


def test_a_folder_that_is_not_there(picture, tmp_path):
    with pytest.raises(OutputError, match="no such file"):
        picture.save(tmp_path / "no" / "x.png")


def png(text):
    info, buffer = PngInfo(), io.BytesIO()
    if text is not None:
        info.add_itxt("sfumato", text, zip=True)
    PIL.Image.new("RGB", (4, 4)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def bomb():
    """A PNG of a few kilobytes that says it is 20000 x 20000."""
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def other(kind):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (4, 4)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a readable"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "not a readable"),
        (png(None), "no Sfumato recipe"),
        (other("JPEG"), "no Sfumato recipe"),
        (other("WEBP"), "no Sfumato recipe"),
        (other("GIF"), "not a readable"),
        (other("TIFF"), "not a readable"),
        (b"<svg/>", "not a readable"),
        (png("not json"), "not valid JSON"),
        (png("[]"), "a recipe is a table"),
        (png('{"steps": 3}'), "lacks"),
        (png('{"prompt_sha256": "0", "x": 1}')[:60], "not a readable"),
        (png("[" * 100_000), "not valid JSON"),
        (png('{"version": 9}'), "format 9"),
        (bomb(), "not a readable|pixels; at most"),
    ],
)
def test_pictures_of_strangers(tmp_path, data, words):
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(RecipeError, match=words):
        read(path)


def test_limits(tmp_path, monkeypatch, picture):
    path = picture.save(tmp_path / "x.png")
    for limit, words in (
        ("FILE_LIMIT", "no picture of that size"),
        ("PIXEL_LIMIT", "pixels; at most"),
        ("TEXT_LIMIT", "characters"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(files, limit, 10)
            with pytest.raises(RecipeError, match=words):
                read(path)
    with pytest.raises(RecipeError, match="cannot read"):
        read(tmp_path / "none.png")


def test_mutants_never_crash(picture, tmp_path):
    from sfumato import rng

    path = tmp_path / "x"
    read_some = 0
    for number, kind in enumerate(("png", "jpeg", "webp")):
        whole = picture.encode(kind)[0]
        for k in range(60):
            data = bytearray(whole)
            for place in rng.words(number, 4, stream=rng.DATA, step=k):
                data[int(place) % len(data)] ^= 1 << (int(place) % 7)
            path.write_bytes(data)
            try:
                read(path)
                read_some += 1
            except RecipeError:
                pass
    assert 0 < read_some < 180, "the mutants hit both ways"


def test_the_packet_is_well_formed():
    for record in (open_record(recipe()), private_record(recipe()), open_record(recipe("\x00\ud800", model="<m>"))):
        assert ElementTree.fromstring(packet(record)).tag.endswith("xmpmeta")
