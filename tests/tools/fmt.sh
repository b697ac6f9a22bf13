#!/bin/bash
# proves: C-FLAG-23
# fmt.sh HARK FORMAT_CHECK - formats every script of the tree that can be parsed
#
# Only blank space may change, so comments and the spelling of numbers survive; the tree stays the
# same; formatting again changes nothing (format_check). Then the style, and the option.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() { echo "$1: $2"; failed=1; }

mapfile -t files < <(find examples tests -name '*.bt' | sort)
"$2" "${files[@]}" >"$dir/check" || { cat "$dir/check"; failed=1; }
read -r n _ < <(tail -n 1 "$dir/check")
[ "$n" -gt 300 ] || fail . "only $n files could be formatted"

# The examples look as they should.
for file in examples/*.bt; do
    "$hark" --fmt "$file" >"$dir/out" || failed=1
    diff "$file" "$dir/out" || fail "$file" "is not formatted"
done

# The style, in one script.
cat >"$dir/ugly.bt" <<'END'
#!/usr/bin/env hark
/* about
     this */
#define N  3
struct s { int a;  };   // kept
config={max_map_keys=10;  unstable_import = "warn"}
BEGIN{$x=1;@m[ 1,2 ]=$x;// trailing

/* own */ if($x==1&&!$x){print( - -$x) ;}else if ($x) { }else{ exit() }
$y = ( uint64 ) $x ? 1: 0;
for ($i:0..N) { print($i) }
for $kv : @m { unroll (2) { print($kv.0 . 1); } while $x { $x --; ++$x } }
$z = if ($x) { 1 } else { 2 };
printf("a long text that fills the line %d %d %d %d\n", $x + 1, (int64)$y * 3, sizeof(struct s), *(uint8*)$x,
 // in between
 cpu ?: 1);


}
tracepoint:sched:sched_switch,kprobe:$1 , u:"a b":c /pid==1/ { @ = count( );
}
i:s:1,i:s:2{exit()}
END { clear(@m); } // bye
END
cat >"$dir/nice.bt" <<'END'
#!/usr/bin/env hark
/* about
     this */
#define N  3
struct s { int a;  }; // kept
config = {
	max_map_keys = 10;
	unstable_import = "warn"
}

BEGIN
{
	$x = 1;
	@m[1, 2] = $x; // trailing

	/* own */
	if ($x == 1 && !$x) {
		print(- -$x);
	} else if ($x) {
	} else {
		exit()
	}
	$y = (uint64)$x ? 1 : 0;
	for ($i : 0..N) {
		print($i)
	}
	for $kv : @m {
		unroll (2) {
			print($kv.0.1);
		}
		while $x {
			$x--;
			++$x
		}
	}
	$z = if ($x) { 1 } else { 2 };
	printf("a long text that fills the line %d %d %d %d\n", $x + 1, (int64)$y * 3,
	    sizeof(struct s), *(uint8 *)$x,
	    // in between
	    cpu ?: 1);
}

tracepoint:sched:sched_switch,
kprobe:$1,
u:"a b":c
/pid == 1/
{
	@ = count();
}

i:s:1, i:s:2 { exit() }
END { clear(@m); } // bye
END
"$hark" --fmt "$dir/ugly.bt" >"$dir/out" || failed=1
diff "$dir/nice.bt" "$dir/out" || fail ugly.bt "is not nice"

# -o writes the whole file or none, and keeps the rights of the old one.
cp "$dir/ugly.bt" "$dir/own.bt"
chmod 750 "$dir/own.bt"
"$hark" --fmt -o "$dir/own.bt" "$dir/own.bt" || failed=1
cmp "$dir/own.bt" "$dir/nice.bt" || failed=1
[ "$(stat -c %a "$dir/own.bt")" = 750 ] || fail -o "changes the rights"
echo 'BEGIN { $x = ; }' >"$dir/wrong.bt"
"$hark" --mode format -o "$dir/own.bt" "$dir/wrong.bt" 2>"$dir/err"
[ $? = 1 ] && grep -q 'wrong.bt:1:14' "$dir/err" || fail wrong.bt "status or message"
cmp "$dir/own.bt" "$dir/nice.bt" || failed=1
"$hark" --fmt -o /no/such/folder/x "$dir/ugly.bt" 2>"$dir/err"
[ $? = 1 ] && grep -q "'/no/such/folder/x'" "$dir/err" || fail -o "status or message"
"$hark" --fmt -e 'BEGIN{ }' | grep -qx 'BEGIN { }' || fail -e "is formatted, too"

# No privileges are needed.
if command -v setpriv >/dev/null && [ "$(id -u)" = 0 ]; then
    cat "$dir/ugly.bt" | setpriv --reuid 65534 --clear-groups "$hark" --fmt - | cmp "$dir/nice.bt" - || failed=1
fi
exit $failed
