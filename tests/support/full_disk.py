"""A disk that fills up under a running database, and gets its space back.

Where this process may mount, the system lives on a small file system of its own, and full means ENOSPC for
everything on it, logs included. Where it may not (most containers), the kernel is asked to let no file of the
database grow (RLIMIT_FSIZE): the same writes fail, with EFBIG. Neither needs anything that is not there.
"""

import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

ROOM = "4g"  # an upper bound, not reserved
SMALL_FILES = 1024 * 1024  # bytes; what a database's files may not outgrow while its "disk" is full


class SmallDisk:
    """A tmpfs at ``place`` whose size is cut to what is in use."""

    words = "file system without a free block (ENOSPC)"

    def __init__(self, place: Path):
        self.place = place

    def mount(self) -> bool:
        """Whether it could be mounted."""
        return _mount("-t", "tmpfs", "-o", f"size={ROOM},mode=0711", "soar2-faults", self.place)

    def fill(self) -> None:
        """Cut the size to what is used; a little more where the system writes meanwhile."""
        for _ in range(200):
            state = os.statvfs(self.place)
            used = (state.f_blocks - state.f_bfree) * state.f_frsize
            if _mount("-o", f"remount,size={used}", self.place):
                return
        raise AssertionError(f"the file system at {self.place} could not be made full")

    def free(self) -> None:
        assert _mount("-o", f"remount,size={ROOM}", self.place), "the space did not come back"

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.place)], capture_output=True, check=False)


class SmallFiles:
    """The limit on file sizes of a running PostgreSQL, all its processes and those to come."""

    words = "files that may not grow (EFBIG)"

    def __init__(self, server):
        self.server = server

    def fill(self) -> None:
        self._limit(SMALL_FILES)

    def free(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        postmaster = self.server._postmaster()
        if postmaster is not None:  # a new one, started meanwhile, has no limit
            for pid in (postmaster, *children(postmaster), *children(postmaster)):
                self._limit_one(pid, size)

    def _limit_one(self, pid: int, size: int) -> None:
        with suppress(ProcessLookupError):
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            except PermissionError:  # root without the right over other accounts' processes
                words = "unlimited" if size == resource.RLIM_INFINITY else str(size)
                subprocess.run(
                    ["prlimit", f"--pid={pid}", f"--fsize={words}:unlimited"],
                    capture_output=True,
                    check=False,
                    **self.server._account.popen_options(),
                )


def children(parent: int) -> list[int]:
    """The processes that ``parent`` started and that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _mount(*words: object) -> bool:
    return subprocess.run(["mount", *map(str, words)], capture_output=True, check=False).returncode == 0
