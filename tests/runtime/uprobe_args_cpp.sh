#!/bin/bash
# proves: P-UPROBE-07 P-UPROBE-06
# needs: g++
# Arguments of C++ functions: this, references, what is not copied bitwise, bases, types in namespaces.
set -u
hark=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cat >"$dir/shapes.cpp" <<'EOF'
#include <string>
namespace geo {
struct base { int id; };
struct shape : base {
    long area;
    static int all;
    shape(int i, long a) : base{ i }, area(a) {}
    __attribute__((noipa)) long scaled(int factor, const long &extra) const { return area * factor + extra; }
};
int shape::all;
enum class kind : unsigned char { round = 7, square = 200 };
__attribute__((noipa)) int count(shape &s, kind k, bool on) { return s.id + (int)k + on; }
__attribute__((noipa)) std::size_t named(std::string text, int after) { return text.size() + after; }
}
int main()
{
    geo::shape s(3, 40);
    long extra = 5;
    return s.scaled(6, extra) + geo::count(s, geo::kind::square, true) + geo::named("abc", 9) == 0;
}
EOF
g++ -O1 -g -o "$dir/shapes" "$dir/shapes.cpp" || exit 1
p=$dir/shapes
out=$(timeout 60 "$hark" -q -c "$p" -e '
uprobe:'"$p"':cpp:"geo::shape::scaled" { printf("%d %d %d %d\n", args.this->id, args.this->area, args.factor, *args.extra); }
uprobe:'"$p"':cpp:"geo::count" { printf("%d %d %s %d\n", args.s->id, args.s->area, args.k, args.on); }
uprobe:'"$p"':cpp:"geo::named" { printf("%d %d\n", args.text._M_string_length, args.after); }' 2>&1)
want='3 40 6 5
3 40 square 1
3 9'
[ "${out%%$'\n\n'*}" = "$want" ] || { echo "FAILED: $out"; exit 1; }
