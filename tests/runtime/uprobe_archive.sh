# proves: P-UPROBE-01
# needs: python3 cc
# A library inside of a ZIP archive, run straight out of it: the probe is at its place in the archive.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/z.c" <<'END'
int other(int x) { return x - 1; }
int zipped(int x) { return 2 * x + 1; }
END
cc -fuse-ld=bfd -shared -fPIC -O1 -o "$dir/libz.so" "$dir/z.c" || exit 1
python3 - "$dir" <<'END' || exit 1
import sys, zipfile
dir = sys.argv[1]
with zipfile.ZipFile(dir + "/a.zip", "w") as z:
    z.writestr("readme", "hello" * 100, zipfile.ZIP_DEFLATED)
    z.write(dir + "/libz.so", "lib/libz.so", zipfile.ZIP_STORED)
    z.write(dir + "/libz.so", "lib/packed.so", zipfile.ZIP_DEFLATED)
    z.comment = b"PK\5\6 is not the end"
data = open(dir + "/a.zip", "rb").read()
open(dir + "/damaged.zip", "wb").write(data[:200] + data[-400:])
open(dir + "/short.zip", "wb").write(data[:-3])
END
cat >"$dir/run.py" <<'END'
import ctypes, mmap, subprocess, sys
dir = sys.argv[1]
data = open(dir + "/a.zip", "rb")
at = data.read().index(b"\x7fELF")
symbols = subprocess.check_output(["nm", dir + "/libz.so"], text=True)
address = next(int(l.split()[0], 16) for l in symbols.splitlines() if l.endswith(" T zipped"))
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
base = libc.mmap(None, ctypes.c_size_t(data.tell()), mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE,
                 data.fileno(), ctypes.c_long(0))
f = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(base + at + address)
assert [f(x) for x in (3, 20, 100)] == [7, 41, 201]
END
lib="$dir/a.zip!/lib/libz.so"
fail() { printf '%s\n' "$*"; exit 1; }
[ "$("$hark" -l "uprobe:$lib:*" | sort)" = "uprobe:$lib:other
uprobe:$lib:zipped" ] || fail 'listing'
out=$("$hark" -q -c "python3 $dir/run.py $dir" -e "uprobe:$lib:zipped { print(arg0); }") || fail "run: $out"
[ "$out" = '3
20
100' ] || fail "hits: $out"
refused() { # archive and member, why
    "$hark" --dump=plan -e "uprobe:$dir/$1:zipped { }" >/dev/null 2>"$dir/err" && fail "$1 is accepted"
    grep -qF "cannot use '$dir/$1': $2" "$dir/err" || fail "$1: $(cat "$dir/err")"
}
refused 'a.zip!/lib/packed.so' 'it is compressed'
refused 'a.zip!/libz.so' 'there is no such member'
refused 'none.zip!/libz.so' 'there is no such file'
refused 'z.c!/libz.so' 'it is not in a ZIP archive'
refused 'short.zip!/lib/libz.so' 'it is not in a ZIP archive'
refused 'damaged.zip!/lib/libz.so' 'it is not in a ZIP archive'
