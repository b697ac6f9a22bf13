# proves: P-USDT-02 P-UPROBE-04 P-UPROBE-09
# A library is found by its name in the process that has it mapped, and "*" is all of its files.
dir=$(mktemp -d)
trap 'kill $app 2>/dev/null; rm -rf "$dir"' EXIT
hark=$1
fail() { echo "$*"; cat "$dir/out" "$dir/err"; exit 1; }
cat >"$dir/lib.c" <<'C'
#include <sys/sdt.h>
void work(int i) { DTRACE_PROBE1(mylib, work, i); }
C
cat >"$dir/app.c" <<'C'
#include <signal.h>
#include <sys/sdt.h>
void work(int);
int main(void)
{
    sigset_t set;
    int got;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    sigwait(&set, &got);
    for (int i = 0; i < 6; i++)
        work(i);
    DTRACE_PROBE(app, done);
    return 0;
}
C
cc -O1 -shared -fPIC -o "$dir/libhark-test.so.1" "$dir/lib.c" &&
    cc -O1 -o "$dir/app" "$dir/app.c" "$dir/libhark-test.so.1" -Wl,-rpath,"$dir" || fail "cc"
"$dir/app" &
app=$!
until grep -q libhark-test /proc/$app/maps; do sleep 0.02; done
"$hark" -p $app -e '
usdt:libhark-test:work { @lib = sum(arg0); }
usdt:libhark-test:mylib:work { @provider = count(); }
usdt:*:work { @star = count(); }
usdt:*:*:* { @all = count(); }
usdt:done { @done = count(); }
uprobe:libhark-test:work { @function = count(); }
uprobe:main { @main = count(); }
' >"$dir/out" 2>"$dir/err" &
run=$!
until grep -q ^Attached "$dir/err" || ! kill -0 $run; do sleep 0.02; done
kill -USR1 $app
wait $run || fail "hark failed"
for line in '@lib: 15' '@provider: 6' '@star: 6' '@all: 7' '@done: 1' '@function: 6'; do
    grep -qx "$line" "$dir/out" || fail "no $line"
done
grep -q '^@main' "$dir/out" && fail "main ran before"
# Without -p, "*" are the files of all processes.
"$dir/app" &
app=$!
until grep -q libhark-test /proc/$app/maps; do sleep 0.02; done
"$hark" -l 'usdt:*:mylib:*' >"$dir/out" 2>"$dir/err"
grep -qx "usdt:$dir/libhark-test.so.1:mylib:work" "$dir/out" || fail "not listed"
