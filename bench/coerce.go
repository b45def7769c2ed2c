package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const (
	coercedGroup = "programs that do TLS by OpenSSL"
	coercedName  = "coerced"
)

// coercion measures what programs pay whose own TLS is brought under the policy.
func coercion(w *workshop) error {
	if err := w.prepareCoercion(); err != nil {
		return err
	}
	nginx, err := w.startNginx("ecdsa")
	if err != nil {
		return err
	}
	for round := range 3 {
		w.say("%s, round %d", coercedGroup, round+1)
		for _, under := range []bool{false, true} {
			if err := errors.Join(w.lighttpd(under), w.downloads(under, nginx.port)); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepareCoercion puts the libraries beside the supervisor, which has no use for one alone, and makes what is downloaded.
func (w *workshop) prepareCoercion() error {
	for _, name := range []string{"libssa-openssl.so", "libssa-gnutls.so"} {
		if err := w.command("make", "-s", "SHIMDIR="+w.dir, w.path(name)); err != nil {
			return err
		}
	}
	return os.WriteFile(w.path("www/1m.bin"), make([]byte, 1<<20), 0o644)
}

// coerced is a command as it is or coerced, and the name of this side.
func (w *workshop) coerced(under bool, command ...string) ([]string, string) {
	if !under {
		return command, aloneName
	}
	return append([]string{w.path("ssa"), "run", "--service=embedded", "--coerce", "--"}, command...), coercedName
}

// lighttpd answers requests on connections that are kept, and on new ones.
func (w *workshop) lighttpd(under bool) error {
	if _, err := exec.LookPath("lighttpd"); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	config := w.path("lighttpd.conf")
	text := fmt.Sprintf("server.document-root = %q\nserver.bind = \"127.0.0.1\"\nserver.port = %s\nserver.modules = (\"mod_openssl\")\nserver.errorlog = \"/dev/null\"\n"+
		"server.max-keep-alive-requests = 1000000\nssl.engine = \"enable\"\nssl.pemfile = %q\nssl.privkey = %q\n",
		w.path("www"), port, w.path("ecdsa.pem"), w.path("ecdsa.key"))
	if err := writeFile(config, text); err != nil {
		return err
	}
	command, side := w.coerced(under, "lighttpd", "-D", "-f", config)
	g := w.group("lighttpd-" + side)
	return w.during(side, g.enter(command...), port, func(side string) error {
		url := "https://127.0.0.1:" + port + "/1k.txt"
		return errors.Join(w.wrk(g, series{Group: coercedGroup, Name: "lighttpd " + keepName, Side: side}, url, "-H", "X-Mode: keep"),
			w.wrk(g, series{Group: coercedGroup, Name: "lighttpd " + closeName, Side: side}, url, "-H", "Connection: close"))
	})
}

// downloads are of a mebibyte, by some processes at a time; those of one side are below one supervisor.
func (w *workshop) downloads(under bool, port string) error {
	script := `start=$(date +%s%N); i=0
while [ $i -lt $1 ]; do curl -sS --cacert "$2" -o /dev/null "$3" & i=$((i+1)); done; wait; echo $(($(date +%s%N) - start))`
	for _, n := range []int{1, 10, 100} {
		command, side := w.coerced(under, "sh", "-c", script, "sh", strconv.Itoa(n), w.path("ca.pem"), "https://"+peerName+":"+port+"/1m.bin")
		took, err := w.sample(1e-6, command...)
		if err != nil {
			return err
		}
		name := strings.Replace("N curl processes, 1 MiB each, until all have it", "N", strconv.Itoa(n), 1)
		w.results.add(series{Group: coercedGroup, Name: name, Unit: "ms", Side: side}, took...)
	}
	return nil
}
