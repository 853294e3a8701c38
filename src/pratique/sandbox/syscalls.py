"""System call numbers of the machines that the jail knows, by name.

x86-64 from arch/x86/entry/syscalls/syscall_64.tbl, aarch64 from include/uapi/asm-generic/unistd.h.
The table holds what filters admit, refuse or report, what we call ourselves, and what self-test and
escape suite try.
"""

import functools
import os
import struct
import sys
from dataclasses import dataclass

from pratique.core.errors import JailError

# name, x86-64, aarch64 (-1: the machine has no such call)
_TABLE = """
read 0 63           write 1 64          open 2 -1           close 3 57          fstat 5 80
poll 7 -1           lseek 8 62          mmap 9 222          mprotect 10 226     munmap 11 215
brk 12 214          rt_sigaction 13 134                     rt_sigprocmask 14 135
rt_sigreturn 15 139                     ioctl 16 29         pread64 17 67       pwrite64 18 68
readv 19 65         writev 20 66        select 23 -1        sched_yield 24 124  mremap 25 216
madvise 28 233      shmget 29 194       shmat 30 196        shmctl 31 195       dup 32 23
dup2 33 -1          pause 34 -1         nanosleep 35 101    alarm 37 -1         setitimer 38 103
getpid 39 172       sendfile 40 71      socket 41 198       connect 42 203      accept 43 202
sendto 44 206       recvfrom 45 207     sendmsg 46 211      recvmsg 47 212      bind 49 200
listen 50 201       socketpair 53 199   clone 56 220        fork 57 -1          vfork 58 -1
execve 59 221       exit 60 93          kill 62 129         semget 64 190       semop 65 193
semctl 66 191       msgget 68 186       msgsnd 69 189       msgrcv 70 188       fcntl 72 25
flock 73 32         truncate 76 45      ftruncate 77 46     rename 82 -1        mkdir 83 -1
rmdir 84 -1         creat 85 -1         link 86 -1          unlink 87 -1        symlink 88 -1
chmod 90 -1         fchmod 91 52        chown 92 -1         fchown 93 55        lchown 94 -1
gettimeofday 96 169                     getrusage 98 165    sysinfo 99 179      ptrace 101 117
syslog 103 116      setuid 105 146      setgid 106 144      setpgid 109 154     setsid 112 157
setreuid 113 145    setregid 114 143    setgroups 116 159   setresuid 117 147   setresgid 119 149
setfsuid 122 151    setfsgid 123 152    capget 125 90       capset 126 91
rt_sigtimedwait 128 137                 rt_sigqueueinfo 129 138
sigaltstack 131 132                     mknod 133 -1        uselib 134 -1       personality 135 92
ustat 136 -1        sysfs 139 -1        setpriority 141 140                     mlock 149 228
mlockall 151 230    vhangup 153 58      modify_ldt 154 -1   pivot_root 155 41   _sysctl 156 -1
prctl 157 167       adjtimex 159 171    chroot 161 51       acct 163 89
settimeofday 164 170                    mount 165 40        umount2 166 39      swapon 167 224
swapoff 168 225     reboot 169 142      sethostname 170 161
setdomainname 171 162                   iopl 172 -1         ioperm 173 -1
create_module 174 -1                    init_module 175 105
delete_module 176 106                   quotactl 179 60     nfsservctl 180 42   gettid 186 178
tkill 200 130       futex 202 98        sched_setaffinity 203 122
sched_getaffinity 204 123               io_setup 206 0      io_submit 209 2
lookup_dcookie 212 18                   remap_file_pages 216 234
restart_syscall 219 128                 semtimedop 220 192  timer_create 222 107
timer_settime 223 110                   clock_settime 227 112
clock_gettime 228 113                   clock_getres 229 114
clock_nanosleep 230 115                 exit_group 231 94   epoll_wait 232 -1   tgkill 234 131
mbind 237 235       set_mempolicy 238 237                   mq_open 240 180     mq_unlink 241 181
kexec_load 246 104  add_key 248 217     request_key 249 218                     keyctl 250 219
inotify_add_watch 254 27                migrate_pages 256 238                   openat 257 56
mkdirat 258 34      mknodat 259 33      fchownat 260 54     newfstatat 262 79   unlinkat 263 35
renameat 264 38     linkat 265 37       symlinkat 266 36    fchmodat 268 53     pselect6 270 72
ppoll 271 73        unshare 272 97      set_robust_list 273 99                  splice 275 76
tee 276 77          vmsplice 278 75     move_pages 279 239  utimensat 280 88    epoll_pwait 281 22
timerfd_create 283 85                   fallocate 285 47    timerfd_settime 286 86
accept4 288 242     signalfd4 289 74    eventfd2 290 19     epoll_create1 291 20
dup3 292 24         pipe2 293 59        inotify_init1 294 26                    preadv 295 69
pwritev 296 70      rt_tgsigqueueinfo 297 240               perf_event_open 298 241
recvmmsg 299 243    fanotify_init 300 262                   fanotify_mark 301 263
prlimit64 302 261   name_to_handle_at 303 264               open_by_handle_at 304 265
clock_adjtime 305 266                   sendmmsg 307 269    setns 308 268
process_vm_readv 310 270                process_vm_writev 311 271               kcmp 312 272
finit_module 313 273                    renameat2 316 276   seccomp 317 277     getrandom 318 278
memfd_create 319 279                    kexec_file_load 320 294                 bpf 321 280
execveat 322 281    userfaultfd 323 282                     membarrier 324 283  mlock2 325 284
copy_file_range 326 285                 preadv2 327 286     pwritev2 328 287    statx 332 291
rseq 334 293        pidfd_send_signal 424 424               io_uring_setup 425 425
io_uring_enter 426 426                  io_uring_register 427 427               open_tree 428 428
move_mount 429 429  fsopen 430 430      fsconfig 431 431    fsmount 432 432     fspick 433 433
pidfd_open 434 434  clone3 435 435      close_range 436 436                     openat2 437 437
pidfd_getfd 438 438                     process_madvise 440 440
mount_setattr 442 442                   quotactl_fd 443 443
landlock_create_ruleset 444 444         landlock_add_rule 445 445
landlock_restrict_self 446 446          memfd_secret 447 447
process_mrelease 448 448                utime 132 -1        utimes 235 -1
futimesat 261 -1    setsockopt 54 208   getsockopt 55 209   getsockname 51 204
shutdown 48 210
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
