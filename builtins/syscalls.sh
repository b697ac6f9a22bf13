#!/bin/sh
# syscalls.sh CC HEADER - "SYSCALL(read)" for each system call that the header numbers (see names.c)
"$1" -E -dM "$2" |
    sed -n -e '/__NR_syscalls\|_specific_syscall/d' \
        -e 's/^#define __NR_\([a-z][a-z0-9_]*\) .*/SYSCALL(\1)/p' | LC_ALL=C sort
