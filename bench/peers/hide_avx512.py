"""Makes installed copies of ONNX Runtime see no AVX-512, to measure how they do on a processor that has only AVX2.

    python hide_avx512.py LIBRARY... [--undo]

LIBRARY is `libonnxruntime.so.1` of onnxruntime-node or `onnxruntime_pybind11_state*.so` of Python's package, for x64.
It is changed in its place, and `--undo` brings it back from the copy that is kept beside it. AVX-VNNI, which some
processors have beside AVX-512, is not hidden.
"""

import argparse
import re
import shutil
from pathlib import Path

# XGETBV says which registers the system saves. Without those of AVX-512, the library leaves it alone, whatever CPUID
# says. The upper half of its answer is zero.
_KERNELS = bytes.fromhex("0f01d0 89c0 48c1e220 4809c2")
"""`xgetbv; mov eax, eax; shl rdx, 32; or rdx, rax`, where the library chooses its kernels."""
_KERNELS_HIDDEN = bytes.fromhex("0f01d0 83e007 0f1f00 4809c2")
"""`xgetbv; and eax, 7; nop; or rdx, rax`"""

_FEATURES = re.compile(rb"(\x41\x81[\xe0-\xe7]\xe6\x00{3}.{4,6}?\x41\x81[\xf8-\xff])\xe6(\x00{3})", re.DOTALL)
"""`and r, 0xe6; …; cmp r, 0xe6`, where the library lists the processor's features."""


def hide(library: Path) -> None:
    """Changes a library so that it sees no AVX-512, and keeps it as it was beside it.

    Raises:
        ValueError: if the library has none of the places that are known. They are those of ONNX Runtime 1.30.
    """
    whole = _find_whole(library)
    code = (whole if whole.exists() else library).read_bytes()
    code, features = _FEATURES.subn(lambda found: found[1] + b"\xe7" + found[2], code)
    if not features or _KERNELS not in code:
        raise ValueError(f"{library} does not ask for AVX-512 as ONNX Runtime 1.30 does: nothing was changed.")
    if not whole.exists():
        shutil.copy2(library, whole)
    # A new file: the old one may be mapped into a process.
    changed = library.with_name(f"{library.name}.changed")
    changed.write_bytes(code.replace(_KERNELS, _KERNELS_HIDDEN))
    shutil.copymode(library, changed)
    changed.replace(library)


def undo(library: Path) -> None:
    """Brings a library back as it was.

    Raises:
        ValueError: if it is as it was.
    """
    whole = _find_whole(library)
    if not whole.exists():
        raise ValueError(f"{library} is as it was: there is no {whole.name} beside it.")
    whole.replace(library)


def _find_whole(library: Path) -> Path:
    return library.with_name(f"{library.name}.whole")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, nargs="+")
    parser.add_argument("--undo", action="store_true")
    given = parser.parse_args()
    try:
        for one in given.library:
            (undo if given.undo else hide)(one)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{error}\n")
