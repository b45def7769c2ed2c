package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// ngircd starts a server of IRC that speaks TLS only, past the policy.
func (c *coercing) ngircd(cert testutil.Certificate) (server *testutil.Process, port string) {
	c.t.Helper()
	testutil.Require(c.t, testutil.Program("ngircd"))
	dir, port := plainDir(c.t), fmt.Sprint(testutil.FreePort(c.t))
	key := c.file(dir, "key", "%s", mustRead(c.t, cert.Key)) // it reads the key as another user
	dh := filepath.Join(dir, "dh")                           // it would make some by itself, which takes it long
	if out, status := testutil.Run(c.t, c.command(true, "openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", dh), ""); status != 0 {
		c.t.Fatalf("parameters of Diffie-Hellman: %s", out)
	}
	conf := c.file(dir, "ngircd.conf", "[Global]\nName = irc.test\nInfo = test\nListen = 127.0.0.1\nPorts =\n"+
		"[Options]\nPAM = no\nDNS = no\nIdent = no\n[Limits]\nMaxPenaltyTime = 0\n[SSL]\nCertFile = %s\nKeyFile = %s\nDHFile = %s\nPorts = %s\n", cert.Chain, key, dh, port)
	server = testutil.Start(c.t, exec.Command("ngircd", "-n", "-f", conf))
	server.WaitOutput("Now listening on")
	return server, port
}

// irssi starts one that joins #x and speaks there. Its home gets the log of the channel.
func (c *coercing) irssi(past bool, port, tls string) (home string, p *testutil.Process) {
	c.t.Helper()
	testutil.Require(c.t, testutil.Program("script"))
	home = c.t.TempDir()
	c.file(home, "config", `servers = ( { address = "localhost"; chatnet = "t"; port = "%s"; use_tls = "yes"; %s autoconnect = "yes"; } );
chatnets = { t = { type = "IRC"; autosendcmd = "/join #x; /quote PRIVMSG #x :hello there"; }; };
settings = { core = { real_name = "x"; user_name = "x"; nick = "tester"; }; "irc/core" = { cmd_queue_speed = "10msec"; cmds_max_at_once = "100"; }; "fe-common/core" = { autolog = "yes"; autolog_path = "%s/$tag-$0.log"; }; };
`, port, tls, home)
	cmd := c.command(past, "script", "-qefc", "irssi --home="+home, "/dev/null")
	cmd.Env = append(os.Environ(), "TERM=xterm")
	return home, testutil.Start(c.t, cmd)
}

// ircReader starts a client of OpenSSL's that joins #x, past the policy.
func (c *coercing) ircReader(port string) *testutil.Process {
	c.t.Helper()
	p := testutil.Start(c.t, c.command(true, "openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", c.p.ca.Path, "-connect", "localhost:"+port))
	p.Send("NICK reader\r\nUSER r 0 * :r\r\nJOIN #x\r\n")
	p.WaitOutput(`reader #x :End of NAMES`)
	return p
}

func TestCoerceIrssi(t *testing.T) {
	c := coerceByFlag(t)
	_, port := c.ngircd(c.p.server)
	reader := c.ircReader(port)
	home, irssi := c.irssi(false, port, c.verifying())
	reader.WaitOutput(`:tester!\S+ PRIVMSG #x :hello there`)
	reader.Send("PRIVMSG #x :and to you\r\n")
	irssi.WaitOutput(`and to you`)
	irssi.Send("/quit\n")
	reader.WaitOutput(`:tester!\S+ QUIT`)
	if status := irssi.Wait(); status != 0 || !strings.Contains(irssi.Output(), "TLSv1.2") {
		t.Errorf("irssi: status %d, output:\n%s", status, irssi.Output())
	}
	if log := mustRead(t, filepath.Join(home, "t-#x.log")); !strings.Contains(log, "reader> and to you") {
		t.Errorf("log of the channel:\n%s", log)
	}
	c.governed(api.Client, "irssi")
}

// verifying is the part of its configuration that has irssi verify. Any tls_cafile does, whatever tls_verify says.
func (c *coercing) verifying() string {
	return fmt.Sprintf("tls_verify = \"yes\"; tls_cafile = %q;", c.p.ca.Path)
}

func TestCoerceIrssiRefuses(t *testing.T) {
	c := coerceByFlag(t)
	server, port := c.ngircd(c.stranger())
	const insecure = `tls_verify = "no";`
	for _, tls := range []string{c.verifying(), insecure} {
		_, p := c.irssi(false, port, tls)
		p.WaitOutput(`certificate verify failed|TLS handshake failed|SSL handshake failed`)
		p.Kill()
		if strings.Contains(server.Output(), `User "tester!`) {
			t.Errorf("bad name, %s: irssi got through", tls)
		}
	}
	c.refused("irssi", `not for "localhost"`)
	c.irssi(true, port, insecure)
	server.WaitOutput(`User "tester!.*registered`) // without ssa run it works
}
