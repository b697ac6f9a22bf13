# proves: C-FLAG-07
out=$("$1" --info) || { echo "exit status $?"; exit 1; }
for regex in '^System$' '^  OS: Linux ' '^  Arch: x86_64$' '^Build$' '^  version: v' '^Kernel helpers$' \
    'lookup_percpu_elem: (yes|no)' 'kprobe: (yes|no)' 'ringbuf: yes' '^Kernel features$' 'btf: yes' 'Instruction limit: 1000000' '^Probe types$'; do
    grep -qE "$regex" <<<"$out" || { echo "expected $regex"; echo "$out"; exit 1; }
done
