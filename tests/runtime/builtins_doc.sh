# proves: C-FLAG-06
# docs/BUILTINS.md is what the program prints.
"$1" --builtins | diff -u docs/BUILTINS.md - || { echo "stale: build/hark --builtins > docs/BUILTINS.md"; exit 1; }
