# proves: L-LEX-02 C-FLAG-01
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '#!%s\nBEGIN { printf("%%s\\n", str($1)); exit(); }\n' "$1" >"$dir/x.bt"
chmod +x "$dir/x.bt"
[ "$("$dir/x.bt" word 2>"$dir/err")" = word ] || { cat "$dir/err"; exit 1; }
