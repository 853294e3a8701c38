"""The seccomp filter of an inmate that serves: a deny-list, for programs as large as torch.

An allow-list (sandbox/filter.py) holds workers whose code is ours. What runs here is a loader of
somebody else with hundreds of calls of its own, so everything is admitted but what reaches out
(sockets, programs, processes), what opens more of the kernel than a loader needs, and what no
other bound counts. A call by another architecture's numbers (x32, int 0x80) kills.
See Documentation/userspace-api/seccomp_filter.rst of Linux; the list follows what 65 escape
attempts needed, and the default profiles of Docker and Flatpak.
"""

from pratique.sandbox import filter as bpf
from pratique.sandbox.syscalls import Machine

REACHING_OUT = (
    *("socket", "connect", "bind", "listen", "accept", "accept4"),
    *("execve", "execveat", "fork", "vfork"),
)
"""Refused while serving, recorded while detonating."""

KERNEL = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup", "io_submit"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease"),
    *("pidfd_getfd", "kcmp", "bpf", "perf_event_open", "userfaultfd", "seccomp"),
    *("add_key", "request_key", "keyctl", "unshare", "setns", "chroot", "pivot_root"),
    *("mount", "umount2", "open_tree", "move_mount", "mount_setattr"),
    *("fsopen", "fsconfig", "fsmount", "fspick", "quotactl", "quotactl_fd", "acct", "swapon"),
    *("swapoff", "reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module"),
    *("delete_module", "create_module", "iopl", "ioperm", "modify_ldt", "syslog", "vhangup"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname"),
    *("setdomainname", "name_to_handle_at", "open_by_handle_at", "fanotify_init"),
    *("fanotify_mark", "lookup_dcookie", "nfsservctl", "uselib", "ustat", "sysfs", "_sysctl"),
    *("personality", "mknod", "mknodat", "vmsplice", "move_pages", "migrate_pages"),
    *("inotify_add_watch", "remap_file_pages", "landlock_create_ruleset", "landlock_restrict_self"),
    *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups"),
    *("setfsuid", "setfsgid", "capset"),
)
"""More of the kernel than any loader needs."""

UNCOUNTED = (
    *("memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop"),
    *(
        "semctl",
        "msgget",
        "msgsnd",
        "msgrcv",
        "mq_open",
        "mq_unlink",
        "mlock",
        "mlock2",
        "mlockall",
    ),
)
"""Memory and queues that no limit of a process counts."""

NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}
_UNIX = 1
_TIOCSTI, _TIOCLINUX, _TIOCSETD = 0x5412, 0x541C, 0x5423
_LEASES = (1024, 1026)  # F_SETLEASE, F_NOTIFY
_LOCKS = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
_PR_SET_PTRACER, _PR_SET_SECCOMP, _PR_SET_PDEATHSIG = 0x59616D61, 22, 1


def program(machine: Machine) -> bytes:
    """Return the filter's instructions for `machine`."""
    nr = machine.numbers
    parts = bpf.head(machine)
    for name in (*REACHING_OUT, *KERNEL, *UNCOUNTED):
        if nr[name] >= 0:
            parts += [bpf.equal(nr[name], 0, 1), bpf.no()]
    # clone3 hides its flags behind a pointer: with ENOSYS the C library falls back to clone
    parts += [bpf.equal(nr["clone3"], 0, 1), bpf.no(bpf.ENOSYS)]
    parts += bpf.when(nr["clone"], bpf.load(0), bpf.any_bit(bpf.THREAD, 0, 1), bpf.yes(), bpf.no())
    parts += socketpairs(machine)
    parts += shared_files(machine)
    parts += arguments(machine)
    return b"".join([*parts, bpf.yes()])


def socketpairs(machine: Machine) -> list[bytes]:
    """Return instructions that admit pairs of unix sockets only, which reach nobody."""
    own = (bpf.load(0), bpf.equal(_UNIX, 0, 1), bpf.yes(), bpf.no())
    return bpf.when(machine.numbers["socketpair"], *own)


def shared_files(machine: Machine) -> list[bytes]:
    """Return instructions that keep an inmate from telling others by the files that they share.

    A lock or a lease on a model holds for whoever else opens it, another tenant's inmate too. A
    lease is refused; a lock is said to be taken and is not: loaders take them on files of their
    own, which nobody else can open.
    """
    nr = machine.numbers
    leases = (bpf.equal(value, 0, 1) + bpf.no() for value in _LEASES)
    locks = (bpf.equal(value, 0, 1) + bpf.no(0) for value in _LOCKS)
    parts = bpf.when(nr["flock"], bpf.no(0))
    return [*parts, *bpf.when(nr["fcntl"], bpf.load(1), *leases, *locks, bpf.yes())]


def arguments(machine: Machine) -> list[bytes]:
    """Return instructions that refuse calls by what they ask: typing for others, and new filters.

    `prctl` may not clear the signal of the parent's death, install filters or name a tracer.
    """
    nr, parts = machine.numbers, list[bytes]()
    refused = {
        "ioctl": (1, (_TIOCSTI, _TIOCLINUX, _TIOCSETD)),
        "prctl": (0, (_PR_SET_PTRACER, _PR_SET_SECCOMP, _PR_SET_PDEATHSIG)),
    }
    for name, (index, values) in refused.items():
        tests = (bpf.equal(value, 0, 1) + bpf.no() for value in values)
        parts += bpf.when(nr[name], bpf.load(index), *tests, bpf.yes())
    return parts
