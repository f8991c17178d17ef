"""Everything Sfumato raises on purpose.

SfumatoError
├── RecipeError        what was asked for cannot be done: an unknown key, name or value
├── ScheduleError      a schedule or a grid with impossible numbers
│   └── LevelError     a formula asked for at a noise level where it is singular
├── ShapeError         an array of the wrong shape
├── CheckpointError    a model or run folder that is missing, damaged, foreign or newer than this version
├── CorpusError        data for training that cannot be read
├── AdapterError       foreign weights that do not fit
├── OutputError        a picture or file that cannot be written
├── TeamError          a process of a training that several do together is gone
└── UnavailableError   an optional part that is not installed

Each message says what is wrong, what was given, what was expected and what to do about it. The command line prints it
as one line and exits with 2.
"""


class SfumatoError(Exception):
    """Base class: catch it to catch everything Sfumato raises on purpose."""


class RecipeError(SfumatoError):
    """A setting that is unknown or outside its range."""


class ScheduleError(SfumatoError):
    """A schedule or grid with impossible numbers."""


class LevelError(ScheduleError):
    """A formula asked for at a noise level where it is singular."""


class ShapeError(SfumatoError):
    """An array of the wrong shape."""


class CheckpointError(SfumatoError):
    """A model or run folder that is missing, damaged, foreign or newer than this version."""


class CorpusError(SfumatoError):
    """Data for training that cannot be read."""


class AdapterError(SfumatoError):
    """Foreign weights that do not fit."""


class OutputError(SfumatoError):
    """A picture or file that cannot be written."""


class TeamError(SfumatoError):
    """A process of a training that several do together is gone, or cannot be reached."""


class UnavailableError(SfumatoError):
    """An optional part that is not installed."""
