"""Write down what an inmate does: system calls from outside, decoys' visitors, and its own words.

    network = Network.start(pid, canary="...")           # decoys inside its empty network namespace
    recorder = Recorder(listener_fd, RecorderSettings(), network)
    recorder.start()                                      # before the inmate meets a hostile byte
    recorder.phase("load")                                # as the channel tells
    recorder.hear(frame["audit"])                         # Python's own words: hearsay
    events, cut = recorder.stop()             # after the inmate's end; it ends the decoys too

The filter inside (`guest/recording.py`) reports calls to the listener; one thread here answers each
of them. **Nothing here contains anybody.** An answer is an error, a made-up result, or "go on", and
what a pointer led to may have changed by the time the kernel reads it again; so refusals look at
registers only, and namespaces, Landlock and the missing capabilities are what holds.

| module      | says |
|-------------|------|
| `calls`     | which calls are recorded, which of them refused: also read by the filter inside |
| `target`    | the memory, descriptors and numbers of a process that waits for an answer |
| `describe`  | what a call means, in the words of `core.trace.Event` |
| `sleeping`  | which sleeps and timers there are, and which sleeps end at once |
| `timeline`  | events in order, folded and bounded |
| `recorder`  | the thread that answers |
| `network`   | the decoy network, seen from the supervisor |
| `sink`      | its helper process: every address, DNS, HTTP; `decoys` says what is answered |
| `sink_jail` | where that helper goes and what it gives up before an inmate's first byte |
| `rtnetlink` | the few messages that make every address local |
| `hearsay`   | the guest's audit events, checked |
| `strace`    | the same again by another mechanism, where an operator wants it |

Every bound is a constant beside what it bounds. What is lost to one is told: `stop` says `cut`.
"""
