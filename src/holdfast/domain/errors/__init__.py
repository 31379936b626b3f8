"""Which things can go wrong: the whole error tree, free of HTTP and of the command line.

HoldfastError
├── InputError                  what a person or a client handed in is not usable
│   ├── DataFileError           a data file is missing, empty or unreadable
│   ├── ModelFileError          a model trained elsewhere cannot be taken in
│   ├── TargetError             the target column is absent, or not binary
│   ├── ColumnError             a column cannot be used as asked
│   ├── WindowError             lengths of rows or of time that make no windows
│   ├── InvalidRowsError        rows do not fit the model's contract
│   ├── InvalidFieldsError      ids, times or flags beside the features are not usable
│   ├── InvalidLabelError       a label is not one of the target's two words
│   ├── SettingsError           holdfast.toml or the environment is wrong
│   ├── MissingExtraError       a command needs packages that are not installed
│   ├── PluginError             an installed package adds something that cannot be used
│   └── MissingProgramError     a command needs a program that is not on this machine
├── StateError                  the project is not in a state that allows the step
│   ├── NoChampionError         nothing is in production yet
│   ├── NoStoreError            the project has no store yet
│   ├── UnknownReleaseError     no release of that version
│   ├── VersionTakenError       another release was registered under that version
│   ├── UnknownPredictionError  no prediction of that id
│   ├── UnknownEventError       no event of that id
│   ├── UnknownIncidentError    no open incident of that id
│   ├── UnknownKeyError         no API key of that id
│   ├── RequestConflictError    a client's id was used before, for another row
│   ├── EmptyWindowError        a window holds no value to judge
│   ├── TooFewLabelsError       too little ground truth has arrived
│   └── GridMismatchError       profiles on different grids cannot be compared
├── AccessError                 who asks may not
│   ├── KeyNeededError          no usable API key came with a request
│   └── MissingScopeError       a usable key does not open what was asked for
├── IntegrityError              what is stored is not what was written
│   ├── CorruptReleaseError     a release's bytes do not match their digest
│   ├── CorruptProfileError     a stored profile's bytes do not parse
│   ├── CorruptMonitorStateError   what monitors have gathered cannot be read back
│   ├── BrokenChainError        the event log was changed after the fact
│   └── ParityError             the exported model does not repeat the trained one
└── AvailabilityError           something outside did not do its part
    ├── StoreUnavailableError   the store cannot be read or written now
    ├── StoreVersionError       the store was made by another version
    ├── LeaseLostError          another control loop has taken over
    ├── PortInUseError          the address to serve on is taken
    ├── ArchiveError            a file of the archive cannot be read or written
    ├── ClusterError            a cluster does not answer, or cannot do the work
    ├── UndeliveredError        a channel to people did not take an alert
    └── TrainingFailedError     a trainer raised, or produced no usable model
        └── TrainingTooLongError   it was stopped because it took too long
"""

from holdfast.domain.errors.access import AccessError, KeyNeededError, MissingScopeError
from holdfast.domain.errors.availability import (
    ArchiveError,
    AvailabilityError,
    ClusterError,
    LeaseLostError,
    PortInUseError,
    StoreUnavailableError,
    StoreVersionError,
    TrainingFailedError,
    TrainingTooLongError,
    UndeliveredError,
)
from holdfast.domain.errors.input import (
    ColumnError,
    DataFileError,
    FieldIssue,
    InputError,
    InvalidFieldsError,
    InvalidLabelError,
    InvalidRowsError,
    MissingExtraError,
    MissingProgramError,
    ModelFileError,
    PluginError,
    SettingsError,
    TargetError,
    WindowError,
)
from holdfast.domain.errors.integrity import (
    BrokenChainError,
    CorruptMonitorStateError,
    CorruptProfileError,
    CorruptReleaseError,
    IntegrityError,
    ParityError,
)
from holdfast.domain.errors.root import HoldfastError, nearest
from holdfast.domain.errors.state import (
    EmptyWindowError,
    GridMismatchError,
    NoChampionError,
    NoStoreError,
    RequestConflictError,
    StateError,
    TooFewLabelsError,
    UnknownEventError,
    UnknownIncidentError,
    UnknownKeyError,
    UnknownPredictionError,
    UnknownReleaseError,
    VersionTakenError,
)

__all__ = [
    "AccessError",
    "ArchiveError",
    "AvailabilityError",
    "BrokenChainError",
    "ClusterError",
    "ColumnError",
    "CorruptMonitorStateError",
    "CorruptProfileError",
    "CorruptReleaseError",
    "DataFileError",
    "EmptyWindowError",
    "FieldIssue",
    "GridMismatchError",
    "HoldfastError",
    "InputError",
    "IntegrityError",
    "InvalidFieldsError",
    "InvalidLabelError",
    "InvalidRowsError",
    "KeyNeededError",
    "LeaseLostError",
    "MissingExtraError",
    "MissingProgramError",
    "MissingScopeError",
    "ModelFileError",
    "NoChampionError",
    "NoStoreError",
    "ParityError",
    "PluginError",
    "PortInUseError",
    "RequestConflictError",
    "SettingsError",
    "StateError",
    "StoreUnavailableError",
    "StoreVersionError",
    "TargetError",
    "TooFewLabelsError",
    "TrainingFailedError",
    "TrainingTooLongError",
    "UndeliveredError",
    "UnknownEventError",
    "UnknownIncidentError",
    "UnknownKeyError",
    "UnknownPredictionError",
    "UnknownReleaseError",
    "VersionTakenError",
    "WindowError",
    "nearest",
]
