"""output.py - lines of printf(): what one costs the tool, and how many get lost when they come fast"""
import threading

from harness import Case, Running, load

EVENTS = 300_000
SHORT = 'printf("%d %s\\n", pid, comm);'
LONG = 'printf("%d %s\\n", pid, str(args.filename));'


def traced(tool, statement, loads):
    """Traces EVENTS events of each load; CPU time of the tool meanwhile, and lines it printed."""
    r = Running(tool.command('BEGIN { printf("ready\\n"); } tracepoint:syscalls:sys_enter_openat '
                             f'/comm == "bench-load"/ {{ {statement} }}'))
    if not r.wait_for(b"ready"):
        r.interrupt()
        r.finish()
        return None
    r.settle()
    before = r.cpu_ms()
    threads = [threading.Thread(target=load, args=("open", EVENTS)) for _ in range(loads)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    r.settle()
    cpu = r.cpu_ms() - before
    r.interrupt()
    # "ready", and perhaps "Attaching …"
    printed = sum(line.count(b" ") == 1 and line[:1].isdigit()
                  for line in r.finish().out.splitlines())
    # each load opens a few files itself, before it begins
    return cpu, min(printed, EVENTS * loads), EVENTS * loads


def cost(statement):
    def sample(tool):
        got = traced(tool, statement, 1)
        return got and got[0] * 1e6 / max(got[1], 1)
    return sample


def lost(statement):
    def sample(tool):
        got = traced(tool, statement, 2)
        return got and 100 * (1 - got[1] / got[2])
    return sample


CASES = [
    Case("line-short", "CPU time of the tool for a line: printf(\"%d %s\", pid, comm)", "ns",
         cost(SHORT), 5),
    Case("line-str", "the same: printf(\"%d %s\", pid, str(args.filename))", "ns", cost(LONG), 5),
    Case("lost-short", "lost of 600 000 lines as fast as two CPUs can: pid, comm", "%",
         lost(SHORT), 3),
    Case("lost-str", "the same: pid, str(args.filename)", "%", lost(LONG), 3),
]
