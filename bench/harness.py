"""harness.py - tools that are compared, runs of them, and what a run costs

A tool is a program that understands bpftrace's language. A sample is one number from one run. Tools
take turns, run by run, so that what else the machine does meets all of them alike.
"""
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

LOAD = "build/bench-load"


class Tool:
    def __init__(self, name, path):
        self.name, self.path = name, path
        self.is_hark = name.startswith("hark")
        version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        self.version = version.strip().splitlines()[0] if version.strip() else ""
        self.is_old = not self.is_hark and any(f"v0.{n}." in self.version for n in range(10, 21))

    def script(self, text):
        """Before 0.21 bpftrace knew args->x only."""
        return text.replace("args.", "args->") if self.is_old else text

    def command(self, text, *options):
        return [self.path, *options, "-e", self.script(text)]

    def environment(self, keys=None, cache=None):
        """keys: room in maps. cache: a folder, or None for no cache."""
        env = dict(os.environ)
        if keys:
            env["BPFTRACE_MAP_KEYS_MAX"] = env["BPFTRACE_MAX_MAP_KEYS"] = str(keys)
        if cache:
            env["XDG_CACHE_HOME"] = cache
        return env

    def cold(self):
        return ["--no-cache"] if self.is_hark else []


class Usage:
    """What a finished process took."""
    def __init__(self, wall, rusage, status, out):
        self.wall_ms = wall * 1e3
        self.cpu_ms = (rusage.ru_utime + rusage.ru_stime) * 1e3
        self.peak_mib = rusage.ru_maxrss / 1024
        self.status, self.out = status, out


class Running:
    """A tool at work. Its output goes to a file."""
    def __init__(self, command, env=None):
        self.file = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.start = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.file,
                                        stderr=self.err, env=env)
        self.pid = self.process.pid

    def cpu_ms(self):
        with open(f"/proc/{self.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def rss_mib(self):
        with open(f"/proc/{self.pid}/status") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0

    def wait_for(self, text, seconds=60):
        """Until the tool has printed that. False: it did not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            if text in os.pread(self.file.fileno(), 1 << 16, 0):
                return True
            time.sleep(0.005)
        return False

    def settle(self):
        """Until it has had nothing to do for a moment: everything is attached, all is read."""
        last, quiet = self.cpu_ms(), 0
        while quiet < 3:
            time.sleep(0.1)
            now = self.cpu_ms()
            quiet = quiet + 1 if now - last <= 10 else 0
            last = now

    def interrupt(self):
        self.stop = time.monotonic()
        self.process.send_signal(signal.SIGINT)

    def finish(self):
        _, status, rusage = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        end = time.monotonic()
        self.end_ms = (end - getattr(self, "stop", self.start)) * 1e3
        self.file.seek(0)
        out = self.file.read()
        self.file.close()
        self.err.close()
        return Usage(end - self.start, rusage, self.process.returncode, out)


def run(command, env=None):
    return Running(command, env).finish()


def load(*args):
    """Runs the load; nanoseconds a call."""
    out = subprocess.run([LOAD, *map(str, args)], capture_output=True, text=True, check=True).stdout
    return float(out or 0)


def temporary_cache():
    return tempfile.mkdtemp(prefix="hark-bench-")


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)


class Case:
    """sample(tool) gives one number, or None if the tool cannot do that. Lower is better, always."""
    def __init__(self, name, title, unit, sample, most_runs=None):
        self.name, self.title, self.unit = name, title, unit
        self.sample, self.most_runs = sample, most_runs

    def measure(self, tools, runs, say):
        samples = {t.name: [] for t in tools}
        able = list(tools)
        for i in range(min(runs, self.most_runs or runs)):
            for tool in list(able):
                value = self.sample(tool)
                if value is None:
                    able.remove(tool)
                    say(f"{self.name}: {tool.name} cannot do it")
                else:
                    samples[tool.name].append(value)
        return {"name": self.name, "title": self.title, "unit": self.unit,
                "tools": {name: summary(v) for name, v in samples.items() if v}}


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "samples": values}
