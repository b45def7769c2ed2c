package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

const plainGroup = "programs without TLS"

// plain measures what programs pay that never ask for TLS.
func plain(w *workshop) error {
	for round := range 3 {
		w.say("%s, round %d", plainGroup, round+1)
		for _, under := range []bool{false, true} {
			if err := errors.Join(w.redis(under), w.plainNginx(under)); err != nil {
				return err
			}
		}
	}
	return nil
}

// trying runs a server under ssa run or alone, and fn while it runs.
func (w *workshop) trying(under bool, command []string, port string, fn func(side string) error) error {
	name := aloneName
	if under {
		name, command = underName, w.supervised(command...)
	}
	return w.during(name, command, port, fn)
}

// during runs a server, and fn while it runs.
func (w *workshop) during(name string, command []string, port string, fn func(side string) error) error {
	mark := len(w.running)
	if _, err := w.background(command...); err != nil {
		return err
	}
	defer w.stopSince(mark)
	if err := w.awaitPort(port); err != nil {
		return err
	}
	return fn(name)
}

func (w *workshop) redis(under bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	command := []string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", w.dir}
	return w.trying(under, command, port, func(side string) error {
		out, err := exec.CommandContext(w.ctx, "redis-benchmark", "-p", port, "-n", "50000", "-c", "50", "-t", "get,set", "--csv").Output()
		if err != nil {
			return fmt.Errorf("redis-benchmark: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `"`, ""), ",")
			rate, err := strconv.ParseFloat(f[min(1, len(f)-1)], 64)
			if err == nil {
				w.results.add(series{Group: plainGroup, Name: "redis " + f[0], Unit: "1/s", Side: side}, rate)
			}
		}
		return nil
	})
}

func (w *workshop) plainNginx(under bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	p := proxyPorts{dir: w.dir, from: port}
	config := w.path("plain-nginx.conf")
	text := nginxHead(p) + "http {\n" + nginxHTTP(p) + "\tserver {\n\t\tlisten 127.0.0.1:" + port + ";\n\t\troot " + w.path("www") + ";\n\t}\n}\n"
	if err := writeFile(config, text); err != nil {
		return err
	}
	g := w.group(map[bool]string{false: "plain-nginx", true: "plain-nginx-under"}[under])
	return w.trying(under, g.enter(nginxCommand(config)...), port, func(side string) error {
		url := "http://127.0.0.1:" + port + "/1k.txt"
		return errors.Join(w.wrk(g, series{Group: plainGroup, Name: "nginx " + keepName, Side: side}, url),
			w.wrk(g, series{Group: plainGroup, Name: "nginx " + closeName, Side: side}, url, "-H", "Connection: close"))
	})
}
