# proves: P-UPROBE-06 P-UPROBE-05 P-UPROBE-01
# Names as other compilers make them: C++ as written in the source, with and without parameters, and
# Rust's and Go's as they stand in the symbol table.
command -v g++ >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
hark=$1
cat >"$dir/names.cc" <<'C'
#define KEEP __attribute__((noipa))
namespace shop {
struct Cart {
    int n = 0;
    KEEP void add(int count);
    KEEP void add(int count, const char *what);
    KEEP Cart operator+(const Cart &other) const;
    template <typename T> KEEP T twice(T x);
};
void Cart::add(int count) { n += count; }
void Cart::add(int count, const char *) { n += count; }
Cart Cart::operator+(const Cart &other) const { Cart c; c.n = n + other.n; return c; }
template <typename T> T Cart::twice(T x) { return x + x; }
}
KEEP void rust_old() __asm__("_ZN4shop4till3pay17h0123456789abcdefE");
KEEP void rust_new() __asm__("_RNvNtCs1234_4shop4till6refund");
extern "C" {
KEEP void go_method() { __asm__ volatile(""); }
KEEP void go_generic() { __asm__ volatile(""); }
KEEP void plain(int) { __asm__ volatile(""); }
}
void rust_old() { __asm__ volatile(""); }
void rust_new() { __asm__ volatile(""); }
int main()
{
    shop::Cart a, b;
    for (int i = 0; i < 3; i++) a.add(i);
    char what[] = "x"; // on the stack: its page is there
    a.add(1, what);
    b = a + b;
    for (int i = 0; i < 2; i++) b.twice(i);
    for (int i = 0; i < 4; i++) rust_old();
    for (int i = 0; i < 5; i++) rust_new();
    for (int i = 0; i < 6; i++) go_method();
    for (int i = 0; i < 7; i++) go_generic();
    plain(1);
}
C
g++ -O1 -o "$dir/names" "$dir/names.cc" || { echo "g++"; exit 1; }
objcopy --redefine-sym 'go_method=main.(*Cart).Add' \
    --redefine-sym 'go_generic=main.Sum[go.shape.int]' "$dir/names" || exit 1
N=$dir/names
out=$("$hark" -q -c "$N" -e "
uprobe:$N:cpp:\"shop::Cart::add\" { @both = count(); }
uprobe:$N:cpp:\"shop::Cart::add(int)\" { @one = count(); }
uprobe:$N:cpp:\"shop::Cart::add(int, char const*)\" { @two = count(); @what = str(arg2); }
uprobe:$N:cpp:\"shop::Cart::*\" { @cart[func] = count(); }
uprobe:$N:cpp:\"shop::Cart::operator+\" { @plus = count(); }
uretprobe:$N:cpp:\"shop::Cart::add\" { @returned = count(); }
uprobe:$N:_ZN4shop4Cart3addEi { @mangled = count(); }
uprobe:$N:cpp:\"shop::till::pay\" { @rust = count(); }
uprobe:$N:_RNvNtCs1234_4shop4till6refund { @rust_new = count(); }
uprobe:$N:\"main.(*Cart).Add\" { @go = count(); }
uprobe:$N:\"main.Sum[go.shape.int]\" { @generic = count(); }
uprobe:$N:plain { @plain = count(); }" 2>&1)
for line in '@both: 4' '@one: 3' '@two: 1' '@what: x' '@plus: 1' '@returned: 4' '@mangled: 3' \
    '@rust: 4' '@rust_new: 5' '@go: 6' '@generic: 7' '@plain: 1' \
    '@cart[shop::Cart::add(int)]: 3' '@cart[int shop::Cart::twice<int>(int)]: 2'; do
    grep -qxF -- "$line" <<<"$out" || { echo "no $line in: $out"; exit 1; }
done
list=$("$hark" -l "uprobe:$N:cpp:shop::*" 2>&1; "$hark" -l "uprobe:$N:cpp:\"shop::Cart::add*\"")
grep -qxF "uprobe:$N:cpp:\"shop::Cart::add(int, char const*)\"" <<<"$list" || { echo "$list"; exit 1; }
# Its own probe in a library that C++ programs share
if readelf -n /lib/*/libstdc++.so.6 2>/dev/null | grep -q 'Name: throw'; then
    printf 'int main() { for (int i = 0; i < 3; i++) try { throw i; } catch (int) {} }' >"$dir/t.cc"
    g++ -o "$dir/throw" "$dir/t.cc" || exit 1
    out=$("$hark" -q -c "$dir/throw" -e 'usdt:libstdc++:libstdcxx:throw { @ = count(); }' 2>&1)
    grep -qx '@: 3' <<<"$out" || { echo "libstdc++: $out"; exit 1; }
fi
