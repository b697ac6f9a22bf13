# proves: P-FENTRY-03 P-TP-04 P-RAWTP-03
# needs: fentry module_btf mkfs.ext4 modprobe
# Functions, tracepoints and raw tracepoints of a module: five calls of fdatasync() on an ext4.
set -u
hark=$1
dir=$(mktemp -d)
trap 'umount "$dir/mnt" 2>/dev/null; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $1"; cat "$dir/out" "$dir/err"; exit 1; }

modprobe -a loop ext4 2>/dev/null
grep -q '^ext4 ' /proc/modules || { echo "SKIPPED: ext4 is no module here"; exit 77; }
truncate -s 4M "$dir/disk"
mkfs.ext4 -q "$dir/disk" && mkdir "$dir/mnt" && mount -o loop "$dir/disk" "$dir/mnt" ||
    { echo "SKIPPED: cannot mount an ext4"; exit 77; }
cat >"$dir/script.bt" <<'END'
fentry:ext4:ext4_sync_file /comm == "dd"/ { @calls[args.datasync] = count(); }
fentry:ext4_sync_file /comm == "dd"/ { @unqualified = count(); }
fexit:ext4:ext4_sync_fil* /comm == "dd"/ { @returned[probe, retval] = count(); }
fentry:ext4:ext4_sync_file /comm == "dd"/ {
    @names[str(args.file.f_path.dentry.d_name.name, 32)] = count();
    @blocks = ((struct ext4_sb_info *)args.file.f_inode.i_sb.s_fs_info)->s_groups_count;
}
rawtracepoint:ext4:ext4_sync_file_enter /comm == "dd"/ { @raw[args.datasync] = count(); }
rt:ext4_sync_file_exi[t] /comm == "dd"/ { @raw_exit[args.ret] = count(); }
rawtracepoint:e*4:ext4_sync_file_e[n]ter /comm == "dd"/ { @raw_probe[probe] = count(); }
tracepoint:ext4:ext4_sync_file_enter /comm == "dd"/ { @tracepoint[args.datasync] = count(); }
END
timeout --foreground 300 "$hark" "$dir/script.bt" >"$dir/out" 2>"$dir/err" &
pid=$!
until grep -q Attached "$dir/err" || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
for i in 1 2 3 4 5; do
    dd if=/dev/zero of="$dir/mnt/file" bs=512 count=1 conv=fdatasync 2>/dev/null || fail "dd"
done
kill -INT $pid
wait $pid || fail "exit status $?"
cat >"$dir/want" <<'END'


@blocks: 1
@calls[1]: 5
@names[file]: 5
@raw[1]: 5
@raw_exit[0]: 5
@raw_probe[rawtracepoint:ext4:ext4_sync_file_enter]: 5
@returned[fexit:ext4:ext4_sync_file, 0]: 5
@tracepoint[1]: 5
@unqualified: 5
END
diff -u "$dir/want" "$dir/out" || fail "output differs"
"$hark" -l 'rawtracepoint:ext4:ext4_sync_file_e*' >"$dir/out"
printf 'rawtracepoint:ext4:%s\n' ext4_sync_file_enter ext4_sync_file_exit | diff - "$dir/out" ||
    fail "raw tracepoints listed"
"$hark" -lv 'fexit:ext4:ext4_sync_file' | grep -q '^    int32 retval$' || fail "listed with types"
"$hark" -l 'fentry:ext4_sync_file' | grep -qx 'fentry:ext4:ext4_sync_file' || fail "listed"
exit 0
