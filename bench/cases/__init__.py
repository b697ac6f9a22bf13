"""The cases, one subject a file. Each file has a list CASES; a new file gets a line here."""
from . import listing, maps, output, probes, startup, symbols

CASES = [case for subject in (startup, probes, output, maps, symbols, listing)
         for case in subject.CASES]
