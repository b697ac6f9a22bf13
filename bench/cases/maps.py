"""maps.py - reading and printing maps: from Ctrl-C to the end, and memory"""
from harness import Case, Running, load

COUNT = "tracepoint:syscalls:sys_enter_getpgid { @[args.pid] = count(); }"
TOP = COUNT + " END { print(@, 10); clear(@); }"
HISTS = "tracepoint:syscalls:sys_enter_getpgid { @[args.pid % 10000] = hist(args.pid); }"


def ended(script, keys, events, field=None):
    def sample(tool):
        room = 2 * events + 1000
        r = Running(tool.command('BEGIN { printf("ready\\n"); } ' + script),
                    tool.environment(keys=room))
        if not r.wait_for(b"ready"):
            r.interrupt()
            r.finish()
            return None
        r.settle()
        load("keys", events)
        r.interrupt()
        usage = r.finish()
        if usage.status or usage.out.count(b"@[") < keys:
            return None
        return getattr(usage, field) if field else r.end_ms
    return sample


CASES = [
    *(Case(f"map-{n}", f"{n} keys of counts printed", "ms", ended(COUNT, n, n), 3)
      for n in (1000, 100_000, 1_000_000)),
    Case("map-memory", "peak memory with 1 000 000 keys", "MiB",
         ended(COUNT, 1_000_000, 1_000_000, "peak_mib"), 1),
    Case("map-top", "the top 10 of 1 000 000 keys", "ms", ended(TOP, 10, 1_000_000), 3),
    Case("map-hists", "10 000 keyed histograms", "ms", ended(HISTS, 10_000, 100_000), 3),
]
