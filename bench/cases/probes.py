"""probes.py - attaching many, and letting go of them"""
from harness import Case, Running, run


def attach_and_end(pattern):
    def sample(tool):
        usage = run(tool.command(f"{pattern} {{ @ = count(); }} interval:ms:10 {{ exit(); }}",
                                 *tool.cold()))
        return usage.wall_ms if usage.status == 0 else None
    return sample


def result_after_signal(pattern):
    def sample(tool):
        r = Running(tool.command(f"{pattern} {{ @ = count(); }} "
                                 'interval:ms:10 { printf("ready\\n"); }'))
        if not r.wait_for(b"ready"):
            r.interrupt()
            r.finish()
            return None
        r.settle()
        r.interrupt()
        r.finish()
        return r.end_ms
    return sample


CASES = [
    Case("attach-10", "10 tracepoints: start, attach, end", "ms",
         attach_and_end("tracepoint:syscalls:sys_enter_open*,tracepoint:syscalls:sys_enter_stat*,"
                        "tracepoint:syscalls:sys_enter_unlink*"), 5),
    Case("attach-all", "sys_enter_*: start, attach, end", "ms",
         attach_and_end("tracepoint:syscalls:sys_enter_*"), 3),
    Case("detach-all", "sys_enter_*: from Ctrl-C to the end", "ms",
         result_after_signal("tracepoint:syscalls:sys_enter_*"), 3),
]
