"""listing.py - -l"""
from harness import Case, run


def listed(pattern):
    def sample(tool):
        usage = run([tool.path, "-l", pattern])
        return usage.wall_ms if usage.status == 0 and usage.out else None
    return sample


CASES = [
    Case("list-tracepoints", "-l 'tracepoint:*'", "ms", listed("tracepoint:*"), 5),
    Case("list-software", "-l 'software:*'", "ms", listed("software:*"), 5),
]
