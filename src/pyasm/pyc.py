"""`.pyc` files of every version, read and written on any host: `load` and `dump`."""

from __future__ import annotations

import os

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import Finding, MalformedError
from pyasm.native.decode import decode_raw
from pyasm.native.encode import encode_raw
from pyasm.native.raw import RawCode
from pyasm.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyasm import marshal  # at run time only where it is needed: most programs never see a file

_HEADER_SIZE = 16
_MAGIC_END = b"\r\n"
_KNOWN_FLAGS = 0x3
"""The header has a hash of the source instead of its time and size (1), and the hash is checked (2)."""


class File(NamedTuple):
    """What a `.pyc` file has beside its code object; `Layout.file` of the code that `load` gives."""

    flags: int = 0
    source: bytes = bytes(8)
    """Time (seconds) and size (bytes) of the source, four bytes each, or its hash: as they are in the header."""
    form: marshal.Form | None = None


def load(source: str | os.PathLike[str] | bytes) -> Code:
    """The code of a module, from the path of a `.pyc` file or from its bytes, in the dialect of the file.

    MalformedError, with the byte or the code object where it was found, for what no supported CPython writes; OSError
    for a file that cannot be read. Nothing is executed.
    """
    if isinstance(source, bytes):
        return _load(source)
    with open(source, "rb") as file:
        data = file.read()
    try:
        return _load(data)
    except MalformedError as error:
        name = os.fspath(source)
        raise MalformedError(
            [f._replace(place=f"{name}: {f.place}" if f.place else name) for f in error.findings]
        ) from None


def dump(code: Code, dialect: str | None = None, *, verify: bool = True) -> bytes:
    """The bytes of a `.pyc` file of the code; the same bytes if it is as it was loaded.

    `dialect` is the version that it is for: by default its own, for portable code that of the running interpreter.
    It is verified first, so that it cannot crash the interpreter; `verify=False` leaves that out. VerificationError
    when it could; TargetError when its version cannot express something in it; EncodeError for code that has no bytes.
    A file that was not loaded has the time and the size 0 of a source in its header.
    """
    if not isinstance(code, Code):
        raise TypeError(f"dump takes a Code, not {type(code).__name__}")
    from pyasm import marshal

    file, proof = _file(code, dialect), None
    if verify:
        from pyasm.checked import lowered

        code, proof = lowered(code, _target(code, dialect))
    elif code.dialect != _target(code, dialect):
        from pyasm.translate import lower

        code = lower(code, dialect)
    target = isa.load(code.dialect)
    header = target.magic.to_bytes(2, "little") + _MAGIC_END + file.flags.to_bytes(4, "little") + file.source
    return header + marshal.dumps(encode_raw(code, proof), target, file.form)


def _target(code: Code, dialect: str | None) -> str | None:
    """The dialect that the code is written for; None: that of the running interpreter."""
    return code.dialect if dialect is None and code.dialect != isa.PORTABLE else dialect


def _file(code: Code, dialect: str | None) -> File:
    """What the file has beside the code; one for another version than it came from keeps time and size at most."""
    layout = code.layout
    if layout is None or not isinstance(layout.file, File):
        return File()
    file, origin = layout.file, layout.origin or code.dialect
    if dialect is None:
        dialect = isa.running().name if code.dialect == isa.PORTABLE else code.dialect
    if dialect == origin:
        return file
    return File() if file.flags else file._replace(form=None)  # the hash of a source depends on the version


def _load(data: bytes) -> Code:
    from pyasm import marshal

    dialect, flags = _header(data)
    raw, form = marshal.loads(data, dialect, _HEADER_SIZE)
    if type(raw) is not RawCode:
        raise MalformedError(Finding(f"no code object, but of type {type(raw).__name__}", f"byte {_HEADER_SIZE}"))
    code = decode_raw(raw, dialect)
    assert code.layout is not None
    code.layout = code.layout._replace(file=File(flags, data[8:_HEADER_SIZE], form))
    return code


def _header(data: bytes) -> tuple[isa.Dialect, int]:
    if len(data) < _HEADER_SIZE:
        raise MalformedError(Finding(f"a header has {_HEADER_SIZE} bytes, this has {len(data)}", f"byte {len(data)}"))
    magic = int.from_bytes(data[:2], "little")
    name = isa.magics().get(magic)
    if name is None or data[2:4] != _MAGIC_END:
        known = ", ".join(f"{number} ({name})" for number, name in isa.magics().items())
        raise MalformedError(
            Finding(f"no .pyc file of a known version: magic number {magic}", "byte 0", f"known are {known}")
        )
    flags = int.from_bytes(data[4:8], "little")
    if flags & ~_KNOWN_FLAGS:
        raise MalformedError(Finding(f"unknown flags {flags:#x}", "byte 4"))
    return isa.load(name), flags
