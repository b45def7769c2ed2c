package coerce_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/coerce"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// compile makes a file of C.
func compile(t *testing.T, dir, name, source string, args ...string) string {
	t.Helper()
	testutil.Require(t, testutil.Program("gcc"))
	path := filepath.Join(dir, name)
	in := path + ".c"
	if err := os.WriteFile(in, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-o", path, in}, args...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc %v: %v\n%s", args, err, out)
	}
	return path
}

// shim is one with a function of each class.
func shim(t *testing.T, dir string) *coerce.Shim {
	t.Helper()
	path := compile(t, dir, "shim.so", `int SSL_read(void) { return 0; }
int SSL_renegotiate(void) { return 0; }
__attribute__((used, section("ssa_refused"))) static const char refused[] = "SSL_renegotiate\0SSL_other\0";
__attribute__((used, section("ssa_ineffective"))) static const char ineffective[] = "SSL_CTX_set_timeout\0";
`, "-shared", "-fPIC")
	s, err := coerce.ReadShim(path, "libssl.so")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const declarations = "int SSL_read(void), SSL_renegotiate(void), SSL_new(void), SSL_CTX_set_timeout(void), dlopen(void);\n"

func TestInspect(t *testing.T) {
	testutil.Require(t, testutil.File("/usr/include/openssl/ssl.h"))
	dir := t.TempDir()
	s := shim(t, dir)
	compile(t, dir, "libthrough.so", declarations+"int through(void) { return SSL_read() + SSL_new() + SSL_CTX_set_timeout(); }\n", "-shared", "-fPIC", "-lssl")
	tests := []struct {
		name, source string
		args         []string
		covered      bool
		verdict      string
		functions    map[coerce.Class][]string
	}{
		{"ok by itself", declarations + "int main() { return SSL_read(); }\n", []string{"-lssl"}, true, "coerced",
			map[coerce.Class][]string{coerce.Served: {"SSL_read"}}},
		{"ok refused", declarations + "int main() { return SSL_renegotiate(); }\n", []string{"-lssl"}, true, "a refused function fails",
			map[coerce.Class][]string{coerce.Refused: {"SSL_renegotiate"}}},
		{"ok through a library", "int through(void); int main() { return through(); }\n",
			[]string{"-L" + dir, "-lthrough", "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined"}, true, "coerced",
			map[coerce.Class][]string{coerce.Served: {"SSL_read"}, coerce.Kept: {"SSL_new"}, coerce.Ineffective: {"SSL_CTX_set_timeout"}}},
		{"bad static", "int main() { return 0; }\n", []string{"-static"}, false, "linked statically", nil},
		{"bad without TLS", "int main() { return 0; }\n", nil, false, "no TLS library", nil},
		{"bad loads", declarations + "int main() { return dlopen(); }\n", nil, false, "cannot be foreseen", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := coerce.Inspect(compile(t, dir, strings.ReplaceAll(tt.name, " ", "-"), tt.source, tt.args...), s)
			if err != nil {
				t.Fatal(err)
			}
			if ok, verdict := r.Covered(); ok != tt.covered || !strings.Contains(verdict, tt.verdict) {
				t.Errorf("covered %v, %q; want %v, %q", ok, verdict, tt.covered, tt.verdict)
			}
			for _, c := range []coerce.Class{coerce.Served, coerce.Kept, coerce.Ineffective, coerce.Refused} {
				if !slices.Equal(r.Functions[c], tt.functions[c]) {
					t.Errorf("%s: got %v, want %v", c, r.Functions[c], tt.functions[c])
				}
			}
		})
	}
}

func TestReadShimRefuses(t *testing.T) {
	dir := t.TempDir()
	other := compile(t, dir, "other.so", "int f(void) { return 0; }\n", "-shared", "-fPIC")
	for name, path := range map[string]string{"no file": filepath.Join(dir, "none"), "no ELF file": filepath.Join(dir, "other.so.c"), "another library": other} {
		if _, err := coerce.ReadShim(path, "libssl.so"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
