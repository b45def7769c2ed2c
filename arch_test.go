package ssa_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is what import paths of this tree begin with.
const module = "github.com/securesocketapi/ssa/"

// importTable has a row for every package: what it is, and the packages of this module it may import. A package that is
// missing here, or listed but gone, fails the test.
const importTable = `
.: abi internal/linux
abi:
abi/gen: abi
api:
bench: internal/config internal/engine internal/linux internal/policy internal/verify internal/verify/judge internal/verify/panel internal/verify/pins
bench/goclient:
client: api
cmd/ssa: abi api client internal/coerce internal/config internal/daemon internal/launch internal/linux internal/policy internal/sandbox internal/service internal/socket internal/starttls internal/unit internal/verify internal/verify/panel internal/verify/pins internal/verify/plugin internal/verify/plugin/trial internal/wire
cmd/ssad: internal/daemon internal/metrics internal/sandbox internal/wire
examples/go/https_client:
examples/go/https_server:
examples/plugins/go/no_wildcards:
internal/audit: api internal/linux
internal/coerce:
internal/config: abi internal/linux internal/policy internal/verify/judge
internal/control: api client internal/audit internal/linux
internal/daemon: abi api internal/audit internal/config internal/control internal/engine internal/fetch internal/judges internal/keys internal/keys/agent internal/launch internal/linux internal/notaryd internal/policy internal/rpc internal/sandbox internal/sealed internal/seccomp internal/service internal/socket internal/syscalls internal/verify internal/verify/dane internal/verify/judge internal/verify/notary internal/verify/pins internal/verify/plugin internal/verify/plugin/trial internal/verify/revocation internal/verify/transparency internal/wire internal/witness
internal/engine: abi internal/linux internal/lru internal/policy
internal/fetch: internal/linux
internal/identity: internal/linux internal/socket
internal/judges: abi api internal/linux internal/rpc internal/verify/judge
internal/keys: abi
internal/keys/agent: abi internal/keys internal/linux internal/rpc
internal/launch: abi internal/linux internal/seccomp
internal/linux:
internal/lru:
internal/memo: internal/lru
internal/metrics: api
internal/notaryd: internal/engine internal/fetch internal/memo internal/verify/notary
internal/policy: abi internal/verify/judge
internal/relay: abi internal/linux
internal/resolve:
internal/rpc: abi internal/linux
internal/sandbox: internal/linux internal/seccomp
internal/sealed: internal/linux
internal/seccomp: internal/linux
internal/service: abi api internal/engine internal/keys internal/linux internal/lru internal/memo internal/policy internal/relay internal/socket internal/verify internal/verify/judge internal/verify/panel internal/verify/pins
internal/socket: abi internal/linux internal/resolve
internal/starttls:
internal/syscalls: abi internal/identity internal/linux internal/seccomp internal/socket
internal/testutil: internal/linux
internal/testutil/ca: internal/testutil
internal/testutil/crowd: abi internal/linux internal/socket internal/testutil
internal/unit:
internal/verify: abi internal/policy internal/verify/judge
internal/verify/dane: abi internal/memo internal/resolve internal/verify/judge
internal/verify/judge: abi
internal/verify/notary: abi internal/fetch internal/verify/judge
internal/verify/panel: abi internal/memo internal/policy internal/verify/judge
internal/verify/pins: abi internal/linux internal/policy internal/verify/judge
internal/verify/plugin: abi internal/linux internal/verify/judge
internal/verify/plugin/trial: internal/verify/judge internal/verify/plugin
internal/verify/revocation: abi api internal/fetch internal/verify/judge
internal/verify/transparency: abi internal/verify/judge
internal/wire: abi api internal/linux internal/socket
internal/witness: abi internal/identity internal/linux internal/rpc internal/socket internal/wire
ports/caddy: ports/caddy/network
ports/caddy/network:
`

// allowed is the table as it is looked up.
func allowed(t *testing.T) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(importTable), "\n") {
		pkg, imports, ok := strings.Cut(line, ":")
		if _, twice := rows[pkg]; !ok || twice {
			t.Fatalf("import table: %q is no row, or the second of its package", line)
		}
		rows[pkg] = strings.Fields(imports)
	}
	return rows
}

func TestImportDirection(t *testing.T) {
	seen, rows := map[string]bool{}, allowed(t)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if strings.Contains(pkg, "testdata") {
			return nil
		}
		seen[pkg] = true
		checkImports(t, rows, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range rows {
		if !seen[pkg] {
			t.Errorf("import table lists %s, which is gone", pkg)
		}
	}
}

func checkImports(t *testing.T, rows map[string][]string, path string) {
	t.Helper()
	pkg := filepath.ToSlash(filepath.Dir(path))
	want, listed := rows[pkg]
	if !listed {
		t.Errorf("package %s is not in the import table; say what it may import", pkg)
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		imp := strings.Trim(spec.Path.Value, `"`)
		if imp, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(want, imp) {
			t.Errorf("%s: %s may not import %s", path, pkg, imp)
		}
	}
}
