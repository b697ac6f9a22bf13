"""symbols.py - stacks, from sampling to names"""
import subprocess

from harness import LOAD, Case, Running

SECONDS = 5


def profiled(what):
    def sample(tool):
        busy = subprocess.Popen([LOAD, "spin", str(SECONDS + 60)])
        r = Running(tool.command(f"profile:hz:999 /pid == {busy.pid}/ {{ @[{what}] = count(); }} "
                                 f"interval:s:{SECONDS} {{ exit(); }}"))
        usage = r.finish()
        busy.kill()
        busy.wait()
        return usage.cpu_ms if usage.status == 0 and b"@[" in usage.out else None
    return sample


CASES = [
    Case("profile-user", f"CPU time of {SECONDS} s of profile:hz:999 {{ @[ustack] = count(); }}, "
         "start and end included", "ms", profiled("ustack"), 3),
    Case("profile-both", "the same with kstack, ustack", "ms", profiled("kstack, ustack"), 3),
]
