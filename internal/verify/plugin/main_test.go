package plugin_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/sandbox"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// The test binary is the launcher and the plugins too: "sandbox [flags] -- PATH ARGS..." enters the sandbox, "act NAME" is a
// plugin of the table.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == sandbox.Role:
		fmt.Fprintln(os.Stderr, sandbox.Main(os.Args[2:]))
		os.Exit(127)
	case len(os.Args) > 2 && os.Args[1] == "act":
		acts()[os.Args[2]]()
		os.Exit(0)
	}
	os.Exit(testutil.Main(m))
}

// asked is what a plugin reads.
type asked struct {
	V           int      `json:"v"`
	ID          uint64   `json:"id"`
	Host        string   `json:"host"`
	Port        int      `json:"port"`
	Remote      string   `json:"remote"`
	Role        string   `json:"role"`
	Application string   `json:"application"`
	Time        string   `json:"time"`
	Chain       [][]byte `json:"chain"`
	OCSP        []byte   `json:"ocsp"`
	SCTs        [][]byte `json:"scts"`
}

// each calls fn for every request; what it returns is written.
func each(fn func(asked) string) func() {
	return func() {
		in := bufio.NewReaderSize(os.Stdin, 2<<20)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return
			}
			var r asked
			if err := json.Unmarshal(line, &r); err != nil {
				fmt.Fprintln(os.Stderr, "bad request:", err)
				os.Exit(3)
			}
			fmt.Print(fn(r))
		}
	}
}

func says(id uint64, word, reason string) string {
	return fmt.Sprintf(`{"id":%d,"answer":%q,"reason":%q}`+"\n", id, word, reason)
}

// acts are plugins, by what they do wrong or right.
func acts() map[string]func() {
	var held []asked
	return map[string]func(){
		// host is the answer to a host of that name.
		"host": each(func(r asked) string { return says(r.ID, r.Host, "because of "+r.Host) }),
		"echo": each(func(r asked) string {
			return says(r.ID, "valid", fmt.Sprintf("%d %s %d %s %s %s %s %d/%d %s %d", r.V, r.Host, r.Port, r.Remote, r.Role,
				r.Application, r.Time, len(r.Chain), len(r.Chain[0]), r.OCSP, len(r.SCTs)))
		}),
		// reversed answers once there are ten requests, the last first.
		"reversed": each(func(r asked) string {
			held = append(held, r)
			if len(held) < 10 {
				return ""
			}
			var out strings.Builder
			for i := len(held) - 1; i >= 0; i-- {
				out.WriteString(says(held[i].ID, "valid", held[i].Host))
			}
			return out.String()
		}),
		"ttl":    each(func(r asked) string { return fmt.Sprintf(`{"id":%d,"answer":"invalid","ttl":90}`+"\n", r.ID) }),
		"silent": each(func(asked) string { return "" }),
		// once answers a first request and hangs then.
		"once": each(func(r asked) string {
			held = append(held, r)
			if len(held) > 1 {
				select {}
			}
			return says(r.ID, "valid", fmt.Sprint(os.Getpid()))
		}),
		"pid":      each(func(r asked) string { return says(r.ID, "valid", fmt.Sprint(os.Getpid())) }),
		"ends":     each(func(asked) string { fmt.Fprintln(os.Stderr, "out of\x1b paper"); os.Exit(7); return "" }),
		"at once":  func() { os.Exit(8) },
		"garbage":  each(func(asked) string { return "valid\n" }),
		"stranger": each(func(r asked) string { return says(r.ID+1000, "valid", "for nobody") }),
		"twice":    each(func(r asked) string { return says(r.ID, "valid", "one") + says(r.ID, "valid", "two") }),
		"wrong":    each(func(r asked) string { return says(r.ID, "splendid", "") }),
		"line":     each(func(asked) string { return strings.Repeat("a", 1<<17) }),
		"deaf":     func() { select {} },
		"floods": func() {
			for {
				fmt.Fprintln(os.Stderr, "more and more")
			}
		},
		"closes": each(func(asked) string { _ = os.Stdout.Close(); _ = os.Stdin.Close(); select {} }),
		"state": each(func(r asked) string {
			if err := os.WriteFile(filepath.Join(r.Host, "kept"), []byte("kept"), 0o600); err != nil {
				return says(r.ID, "invalid", err.Error())
			}
			return says(r.ID, "valid", inside())
		}),
		"inside": each(func(r asked) string { return says(r.ID, "valid", inside()) }),
		// parent starts a child that outlives it, if it may, and says who it is.
		"parent": each(func(r asked) string {
			child := exec.Command("/bin/sleep", "1000")
			if err := child.Start(); err != nil {
				return says(r.ID, "error", err.Error())
			}
			return says(r.ID, "valid", fmt.Sprint(child.Process.Pid))
		}),
	}
}

// inside tries what a sandboxed program may not do, and says what it could.
func inside() string {
	var could []string
	try := func(what string, err error) {
		if err == nil {
			could = append(could, what)
		}
	}
	_, err := os.ReadFile("/proc/self/status")
	try("read /proc", err)
	_, err = os.ReadDir("/root")
	try("read /root", err)
	try("write /tmp", os.WriteFile("/tmp/ssa-plugin-was-here", nil, 0o600))
	_, err = net.Listen("tcp", "127.0.0.1:0")
	try("listen", err)
	_, err = net.Listen("unix", "@ssa-plugin-was-here")
	try("listen to AF_UNIX", err)
	try("leave the process group", linux.Setsid())
	try("make a user namespace", exec.Command("/usr/bin/unshare", "--user", "/bin/true").Run())
	try("signal its parent", linux.Kill(os.Getppid(), 0))
	if len(os.Environ()) > 0 {
		could = append(could, "see an environment")
	}
	for fd := 3; fd < 64; fd++ {
		// The descriptors of this program's own poller are its own.
		if name, err := os.Readlink(fmt.Sprintf("/dev/fd/%d", fd)); err == nil && !strings.HasPrefix(name, "anon_inode:") {
			could = append(could, name)
		}
	}
	_, err = os.ReadFile("/etc/passwd")
	if err != nil {
		return "cannot even read /etc/passwd: " + err.Error()
	}
	return "could " + strings.Join(could, ", ")
}
