"""Whether this user may read and write a place on disk, and what to do where not."""

import errno
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from s3 import StoreError


@dataclass(frozen=True)
class Owner:
    """Whose a place is.

    Attributes:
        place: the path, or the nearest folder around it that can be asked.
        user: id of its user.
        group: id of its group.
    """

    place: Path
    user: int
    group: int


def probe_folder(folder: Path, variable: str) -> None:
    """Makes the folder if it is not there.

    Args:
        folder: where files will be written.
        variable: the setting that names it.

    Raises:
        StoreError: no file can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        told = f"{folder} cannot be written ({error.strerror})"
        remedy = explain_refusal(error, _find_owner(folder))
        raise StoreError(f"{told}; {remedy}, or name another one in {variable}.") from error


def explain_unreadable(path: Path) -> str | None:
    """Why a file or folder may not be read, and what to do; None where it may, or where it is not there."""
    try:
        path.stat()
        if os.access(path, os.R_OK):
            return None
        refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except PermissionError as error:
        refusal = error
    except OSError:
        return None
    return f"{path} cannot be read ({refusal.strerror}); {explain_refusal(refusal, _find_owner(path))}."


def explain_refusal(error: OSError, owner: Owner) -> str:
    """What to do about a place that cannot be read or written, without the full stop.

    Args:
        error: what the system answered.
        owner: whose the place is.
    """
    here = os.getuid()
    if error.errno == errno.EROFS:
        return "mount a folder that can be written, without :ro"
    if error.errno not in {errno.EACCES, errno.EPERM} or owner.user == here:
        return f"mount a folder that user id {here} may use"
    # To run as root would be the remedy that costs most.
    flag = f"add --user {owner.user}:{owner.group} to docker run, or " if owner.user else ""
    return (
        f"{owner.place} belongs to user id {owner.user}, and this is user id {here}: in a container {flag}give the "
        f"mounted folder to user id {here} (chown -R {here})"
    )


def _find_owner(path: Path) -> Owner:
    for place in (path, *path.parents):
        with suppress(OSError):
            found = place.stat()
            return Owner(place, found.st_uid, found.st_gid)
    return Owner(path, os.getuid(), os.getgid())
