"""Which system calls are recorded, and which of them are refused: known on both sides of the jail.

The guest's filter is built from these names and the recorder outside answers for each of them.
"""

from pratique.sandbox import deny

REFUSED = (*deny.KERNEL, *(name for name in deny.UNCOUNTED if name != "memfd_create"))
"""Recorded and answered with EPERM whatever the arguments: more of the kernel than loaders need."""

NETWORK = ("connect", "bind", "listen", "accept", "accept4")
PROGRAMS = ("execve", "execveat")
PROCESSES = ("fork", "vfork", "clone")
OPENING = ("open", "openat", "openat2", "creat")
REMOVING = ("unlink", "unlinkat", "rmdir")
RENAMING = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat")
CHANGING = (
    *("mkdir", "mkdirat", "chmod", "fchmodat", "chown", "lchown", "fchownat"),
    *("truncate", "utime", "utimes", "futimesat", "utimensat"),
)
SIGNALS = (
    *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
)
TIMERS = ("alarm", "setitimer", "timer_settime", "timerfd_settime")
SESSIONS = ("setsid", "setpgid")

WATCHED = (
    *(*NETWORK, *PROGRAMS, *PROCESSES, *OPENING, *REMOVING, *RENAMING, *CHANGING),
    *(*SIGNALS, *TIMERS, *SESSIONS, "nanosleep", "clock_nanosleep", "memfd_create"),
)
"""Recorded whatever the arguments, and let through but for budgets and odd arguments."""

BY_ARGUMENT = (
    *("socket", "socketpair", "sendto", "sendmsg", "sendmmsg", "mmap", "prctl", "ioctl"),
    *("rt_sigaction", "select", "pselect6", "poll", "ppoll"),
)
"""Recorded when a register tells that it is of interest; hot otherwise."""

INET, INET6, UNIX = 2, 10, 1
STREAM, DATAGRAM = 1, 2
PROT_EXEC, MAP_ANONYMOUS = 0x4, 0x20

IOCTLS = {0x5412: "TIOCSTI", 0x541C: "TIOCLINUX", 0x5423: "TIOCSETD"}
"""Requests that type for others or change a terminal's line discipline: refused."""

PRCTLS = {
    4: "PR_SET_DUMPABLE",
    22: "PR_SET_SECCOMP",
    28: "PR_SET_SECUREBITS",
    1: "PR_SET_PDEATHSIG",
    35: "PR_SET_MM",
    36: "PR_SET_CHILD_SUBREAPER",
    59: "PR_SET_SYSCALL_USER_DISPATCH",
    0x59616D61: "PR_SET_PTRACER",
}
"""Options of `prctl` that are recorded, and refused but for those below."""
PRCTL_LET = ("PR_SET_CHILD_SUBREAPER",)
PRCTL_FAKED = ("PR_SET_DUMPABLE", "PR_SET_PDEATHSIG")
"""Answered as if done: who cannot be dumped cannot be read, and who outlives nobody has no need."""

FATAL = {1: "SIGHUP", 3: "SIGQUIT", 6: "SIGABRT", 11: "SIGSEGV", 15: "SIGTERM"}
"""Signals whose new handlers are recorded."""
