"""Small corpora in every format, made on the spot: what the tests of the readers share."""

import csv
import io
import json
import tarfile

import numpy as np
import pyarrow
import pyarrow.ipc
import pyarrow.parquet
from PIL import Image

NAMES = ("a red circle", "a blue square", "a green star")


def picture(value=0, size=8, kind="PNG"):
    """The bytes of a plain picture; another one for each value."""
    data = io.BytesIO()
    pixels = np.full((size, size, 3), value % 256, np.uint8)
    pixels[0, 0] = (value // 256, 255, 0)
    Image.fromarray(pixels).save(data, kind)
    return data.getvalue()


def in_folder(folder, names=NAMES, ending=".txt"):
    folder.mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(names):
        (folder / f"{k}.png").write_bytes(picture(k))
        text = json.dumps({"caption": name, "keywords": ["one", "two"]}) if ending == ".json" else f"{name}\none, two"
        (folder / f"{k}{ending}").write_text(text)
    return folder


def in_metadata(folder, names=NAMES, kind="jsonl"):
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(len(names)):
        (folder / f"{k}.png").write_bytes(picture(k))
    entries = [{"file_name": f"{k}.png", "text": name} for k, name in enumerate(names)]
    if kind == "jsonl":
        (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, entries)))
        return folder
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file_name", "text"])
        writer.writeheader()
        writer.writerows(entries)
    return folder


def in_classes(folder, names=NAMES):
    for k, name in enumerate(names):
        (folder / name.replace(" ", "_")).mkdir(parents=True, exist_ok=True)
        (folder / name.replace(" ", "_") / f"{k}.png").write_bytes(picture(k))
    return folder


def shard(path, members):
    """A tar file of (name, bytes)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def in_shards(folder, names=NAMES):
    for k, name in enumerate(names):
        shard(folder / f"{k:05d}.tar", [(f"{k:06d}.png", picture(k)), (f"{k:06d}.txt", name.encode())])
    return folder


def table(names=NAMES, labels=False):
    """An Arrow table as Hugging Face datasets makes it: pictures as {bytes, path}, class labels as numbers."""
    images = [{"bytes": picture(k), "path": None} for k in range(len(names))]
    if not labels:
        return pyarrow.table({"image": images, "text": list(names)})
    features = {
        "image": {"_type": "Image"},
        "label": {"_type": "ClassLabel", "names": [n.replace(" ", "_") for n in names]},
    }
    made = pyarrow.table({"image": images, "label": list(range(len(names)))})
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def in_saved(folder, names=NAMES, labels=False, file=False):
    folder.mkdir(parents=True, exist_ok=True)
    made = table(names, labels)
    new = pyarrow.ipc.new_file if file else pyarrow.ipc.new_stream
    with new(str(folder / "data-00000-of-00001.arrow"), made.schema) as writer:
        writer.write_table(made)
    (folder / "dataset_info.json").write_text("{}")
    (folder / "state.json").write_text(json.dumps({"_data_files": [], "_split": "train"}))
    return folder


def in_parquet(path, names=NAMES, labels=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table(names, labels), path)
    return path


FORMATS = {
    "txt": in_folder,
    "json": lambda folder: in_folder(folder, ending=".json"),
    "jsonl": in_metadata,
    "csv": lambda folder: in_metadata(folder, kind="csv"),
    "classes": in_classes,
    "shards": in_shards,
    "shard": lambda folder: shard(
        folder / "all.tar",
        [
            m
            for k, name in enumerate(NAMES)
            for m in ((f"x/{k}.png", picture(k)), (f"x/{k}.json", json.dumps({"caption": name}).encode()))
        ],
    ),
    "parquet": lambda folder: in_parquet(folder / "all.parquet"),
    "parquet labels": lambda folder: in_parquet(folder / "all.parquet", labels=True),
    "parquet folder": lambda folder: in_parquet(folder / "data" / "train-00000-of-00001.parquet").parent.parent,
    "saved": in_saved,
    "saved labels": lambda folder: in_saved(folder, labels=True),
    "saved file": lambda folder: in_saved(folder, file=True),
    "saved splits": lambda folder: in_saved(folder / "train").parent,
}
"""(name, maker): each makes the three pictures of NAMES in a folder and answers the path of the corpus."""
