"""startup.py - from exec to the end of programs that do nothing, and what memory they take"""
from harness import Case, Running, remove, run, temporary_cache

NOTHING = "BEGIN { exit(); }"
OPENED = """BEGIN { exit(); }
tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)); @[comm] = count(); }"""


def lines(n):
    """A script of n lines, each a statement of an ordinary sort."""
    body = "\n".join(f"  if (pid > {i}) {{ @a{i % 20}[comm, {i}] = count(); }}" for i in range(n))
    return f"BEGIN {{ exit(); }}\ntracepoint:syscalls:sys_enter_openat {{\n{body}\n}}"


def whole(script, field, warm):
    def sample(tool):
        cache = temporary_cache() if warm and tool.is_hark else None
        env = tool.environment(cache=cache)
        command = tool.command(script, *([] if warm else tool.cold()))
        if cache:
            run(command, env)
        usage = run(command, env)
        if cache:
            remove(cache)
        return getattr(usage, field) if usage.status == 0 else None
    return sample


def steady(tool):
    r = Running(tool.command('BEGIN { printf("ready\\n"); } tracepoint:syscalls:sys_enter_openat '
                             '{ @[comm, str(args.filename)] = count(); }'), tool.environment())
    if not r.wait_for(b"ready"):
        r.interrupt()
        r.finish()
        return None
    r.settle()
    rss = r.rss_mib()
    r.interrupt()
    r.finish()
    return rss


CASES = [
    Case("start-cold", "BEGIN { exit(); }, nothing cached", "ms", whole(NOTHING, "wall_ms", False)),
    Case("start-warm", "BEGIN { exit(); }, again", "ms", whole(NOTHING, "wall_ms", True)),
    Case("start-cpu", "BEGIN { exit(); }, CPU time, nothing cached", "ms",
         whole(NOTHING, "cpu_ms", False)),
    Case("trace-cold", "one tracepoint, str(), a map; nothing cached", "ms",
         whole(OPENED, "wall_ms", False)),
    Case("trace-warm", "the same again", "ms", whole(OPENED, "wall_ms", True)),
    Case("memory-cold", "its peak memory, nothing cached", "MiB", whole(OPENED, "peak_mib", False)),
    Case("memory-warm", "its peak memory, again", "MiB", whole(OPENED, "peak_mib", True)),
    Case("memory-steady", "memory while it traces", "MiB", steady, 3),
    *(Case(f"lines-{n}", f"a script of {n} lines, nothing cached", "ms",
           whole(lines(n), "wall_ms", False), 5) for n in (10, 100, 400)),
]
