# proves: O-JSON-12 O-JSON-13 O-JSON-02 O-JSON-05 O-JSON-06 O-JSON-07
# needs: python3
# Every line is JSON, in valid UTF-8, whatever bytes the values are made of.
set -u
hark=$1
script='
enum mode { FAST = 1 };
BEGIN {
    $s = "\x01\x7f\x80\xff\xc3\x28 \"\\ \t\r\n end";
    print($s); printf("%s|%c%c\n", $s, 200, 7); print(($s, 1, true)); @m[$s] = $s; @k[$s, 1] = 1;
    print(buf($s, 6)); print((a = $s, b = (uint8[2])(uint16)0x80ff)); print(FAST); $e = 7; print((enum mode)$e); print((int8 *)255);
    printf("%r %rx %rh\n", buf($s, 4), buf($s, 4), buf($s, 4)); time("\xff\n"); system("printf \"\\377\\303\\244\"");
    print("gr\xc3\xbc\xc3\x9fe"); print(-9007199254740993); print(0xffffffffffffffff); print(()); print((int8[3])"a\xff");
    @b[buf($s, 3)] = 1; @t["a b", (1, "c d")] = 1; @stack[kstack(raw, 1) == kstack(raw, 1)] = 1;
    @bool = true; @nested = (1, ("x", (2, false)));
}'
"$hark" -q --unsafe -f json -e "$script" | python3 -c '
import json, sys
lines = sys.stdin.buffer.read().split(b"\n")
assert lines.pop() == b""
values = [json.loads(line.decode("utf-8")) for line in lines]
data = [v["data"] for v in values if v["type"] in ("value", "printf", "time", "syscall")]
s = "\x01\x7f\x80\xff\xc3( \"\\ \t\r\n end"
expected = [s, s + "|\xc8\x07\n", [s, 1, True], [1, 127, -128, -1, -61, 40], {"a": s, "b": [255, 128]}, 1, 7, 255,
            "\\x01\\x7f\\x80\\xff \\x01\\x7f\\x80\\xff 01 7f 80 ff\n", "\xff\n", "\xff\xe4",
            "gr\xfc\xdfe", "-9007199254740993", "18446744073709551615", [], [97, -1, 0]]
for i, (have, want) in enumerate(zip(data, expected)):
    assert have == want, (i, have, want)
assert len(data) == len(expected), len(data)
maps = {}
for v in values:
    if v["type"] == "map":
        maps.update(v["data"])
key = s.replace(" ", "")
assert maps["@m"] == {key: s}, maps["@m"]
assert maps["@k"] == {key + ",1": 1}, maps["@k"]
assert maps["@t"] == {"ab,(1,cd)": 1}, maps["@t"]
assert maps["@bool"] is True and maps["@nested"] == [1, ["x", [2, False]]], maps
'
