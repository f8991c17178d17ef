"""Class folders as a corpus: the folder's name is the caption of every picture in it."""

from pathlib import Path, PurePosixPath

from sfumato.corpus.fields import row_of
from sfumato.corpus.files import files_in, gathering, reader, split_of
from sfumato.corpus.rows import Skipped, Table


def classes_table(folder: Path) -> Table:
    """red_fox/1.png is "red fox": the innermost folder's name, underscores as blanks.

    Topmost folders called train, val, test or the like say which split their classes belong to and are no class.
    Pictures in no class folder are left out and listed.
    """
    files = files_in(folder)
    gathered = gathering(files)
    for position, name in enumerate(files.names):
        split = split_of(name)
        folders = PurePosixPath(name).parts[1 if split else 0 : -1]
        if not folders:
            reason = "it lies in no class folder, so it has no caption: move it into one"
            gathered.add(Skipped(position, name, reason, "no caption"))
            continue
        caption = " ".join(folders[-1].replace("_", " ").split())
        gathered.add(row_of(position, name, {"caption": caption}, split))
    return gathered.table(folder, "class folders", reader(folder, files.names))
