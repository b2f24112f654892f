"""Runs a command as if the kernel had no Landlock: `python without_landlock.py COMMAND...`.

A seccomp filter answers landlock_create_ruleset(2) with ENOSYS, as an older kernel does.
"""

import ctypes
import errno
import os
import struct
import sys

# linux/prctl.h, linux/seccomp.h, linux/bpf_common.h, asm-generic/unistd.h
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LANDLOCK_CREATE_RULESET = 444


def main():
    instructions = b"".join(
        struct.pack("HBBI", *each)
        for each in (
            (LOAD_WORD, 0, 0, 0),  # struct seccomp_data begins with the call's number
            (JUMP_IF_EQUAL, 0, 1, LANDLOCK_CREATE_RULESET),
            (RETURN, 0, 0, ERRNO | errno.ENOSYS),
            (RETURN, 0, 0, ALLOW),
        )
    )
    program = ctypes.create_string_buffer(instructions)
    header = struct.pack("HP", 4, ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "this kernel takes no seccomp filter")
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
