"""System call numbers of the machines that the jail knows, by name.

x86-64 from arch/x86/entry/syscalls/syscall_64.tbl, aarch64 from include/uapi/asm-generic/unistd.h.
The table holds what the allow-list admits, what lockdown calls, and what the self-test tries.
"""

import functools
import os
import struct
import sys
from dataclasses import dataclass

from pratique.core.errors import JailError

# name, x86-64, aarch64 (-1: the machine has no such call)
_TABLE = """
read 0 63            write 1 64             close 3 57              fstat 5 80
lseek 8 62           mmap 9 222             mprotect 10 226         munmap 11 215
brk 12 214           rt_sigaction 13 134    rt_sigprocmask 14 135   rt_sigreturn 15 139
ioctl 16 29          pread64 17 67          pwrite64 18 68          readv 19 65
writev 20 66         sched_yield 24 124     mremap 25 216           madvise 28 233
shmget 29 194        nanosleep 35 101       getpid 39 172           socket 41 198
sendto 44 206        recvfrom 45 207        sendmsg 46 211          recvmsg 47 212
socketpair 53 199    clone 56 220           execve 59 221           exit 60 93
kill 62 129          semget 64 190          msgget 68 186           fcntl 72 25
flock 73 32          ftruncate 77 46        fchmod 91 52            fchown 93 55
gettimeofday 96 169  getrusage 98 165       sysinfo 99 179          ptrace 101 117
syslog 103 116       capget 125 90          capset 126 91           sigaltstack 131 132
personality 135 92   setpriority 141 140    mlock 149 228           prctl 157 167
chroot 161 51        acct 163 89            mount 165 40            swapon 167 224
reboot 169 142       init_module 175 105    gettid 186 178          futex 202 98
sched_setaffinity 203 122                   sched_getaffinity 204 123
io_setup 206 0       restart_syscall 219 128                        clock_gettime 228 113
clock_getres 229 114 clock_nanosleep 230 115                        exit_group 231 94
tgkill 234 131       mq_open 240 180        kexec_load 246 104      add_key 248 217
request_key 249 218  keyctl 250 219         openat 257 56           mknodat 259 33
newfstatat 262 79    unlinkat 263 35        linkat 265 37           symlinkat 266 36
unshare 272 97       set_robust_list 273 99 splice 275 76           vmsplice 278 75
timerfd_create 283 85                       signalfd4 289 74        eventfd2 290 19
epoll_create1 291 20 pipe2 293 59           inotify_init1 294 26    preadv 295 69
pwritev 296 70       perf_event_open 298 241                        fanotify_init 300 262
prlimit64 302 261    name_to_handle_at 303 264                      open_by_handle_at 304 265
setns 308 268        process_vm_readv 310 270                       process_vm_writev 311 271
renameat2 316 276    seccomp 317 277        getrandom 318 278       memfd_create 319 279
bpf 321 280          execveat 322 281       userfaultfd 323 282     membarrier 324 283
preadv2 327 286      pwritev2 328 287       statx 332 291           rseq 334 293
pidfd_send_signal 424 424                   io_uring_setup 425 425  open_tree 428 428
fsopen 430 430       pidfd_open 434 434     clone3 435 435          close_range 436 436
openat2 437 437      pidfd_getfd 438 438    landlock_create_ruleset 444 444
landlock_restrict_self 446 446              memfd_secret 447 447
"""

WORD = 8


@dataclass(frozen=True, slots=True)
class Machine:
    """One architecture: its audit word, the x32 bit where there is one, and its numbers."""

    name: str
    audit: int
    x32_bit: int
    numbers: dict[str, int]


def _numbers(column: int) -> dict[str, int]:
    words = _TABLE.split()
    return {words[i]: int(words[i + column]) for i in range(0, len(words), 3)}


X86_64 = Machine("x86_64", 0xC000003E, 0x40000000, _numbers(1))
AARCH64 = Machine("aarch64", 0xC00000B7, 0, _numbers(2))


@functools.cache
def this_machine() -> Machine:
    """Return the table of the machine that this process runs on, also once it may not ask.

    Raises:
        JailError: it is neither x86-64 nor aarch64, or a 32-bit process on one of them.

    """
    name = os.uname().machine
    found = {"x86_64": X86_64, "aarch64": AARCH64}.get(name)
    if sys.platform != "linux" or found is None or struct.calcsize("P") != WORD:
        raise JailError(f"no table of system calls for this {sys.platform} on {name}")
    return found
