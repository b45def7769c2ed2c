package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A slow network is one with 20 ms of round-trip time.
type network struct {
	// peer is where the peer behind it is found, as PORT or ADDRESS:PORT.
	peer  string
	close func()
}

// farAddress is in the network for benchmarks (RFC 2544, appendix C.2.2).
const farAddress = "198.18.0.2"

// slowNetwork is a network namespace with a peer, behind a pair of interfaces with netem(8). Where the kernel has no
// netem it is a relay that holds every byte, and the report says so.
func (w *workshop) slowNetwork() (*network, error) {
	mark := len(w.running)
	port, err := w.farPeer()
	if err == nil {
		w.results.note("The network with delay was a namespace behind veth interfaces with netem: 10 ms each way.")
		return &network{farAddress + ":" + port, func() { w.stopSince(mark) }}, nil
	}
	w.stopSince(mark)
	w.results.note("The network with delay was a relay that holds every byte for 10 ms each way, and does not delay TCP's own handshake: "+
		"no namespace with netem could be made (%s).", lastLine(err.Error()))
	relay, err := startDelay(w.ctx, w.ports["ecdsa"])
	if err != nil {
		return nil, err
	}
	return &network{relay.port, relay.close}, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// farPeer makes the namespace, which lives as long as the process in it, and starts a peer there.
func (w *workshop) farPeer() (port string, err error) {
	if outside() || !sameGroups() {
		return "", fmt.Errorf("this takes root")
	}
	far, err := w.background("unshare", "-n", "sh", "-c", "echo there; exec sleep 100000")
	if err != nil {
		return "", err
	}
	if err := there(far); err != nil {
		return "", err
	}
	pid := strconv.Itoa(w.running[len(w.running)-1].Process.Pid)
	inside := []string{"nsenter", "--net", "--target", pid}
	for _, line := range []string{
		"ip link add near type veth peer name far netns " + pid,
		"ip addr add 198.18.0.1/30 dev near", "ip link set near up", "tc qdisc add dev near root netem delay 10ms limit 100000",
	} {
		if err := w.command("sh", "-c", line); err != nil {
			return "", err
		}
	}
	for _, line := range []string{
		"ip addr add " + farAddress + "/30 dev far", "ip link set far up", "tc qdisc add dev far root netem delay 10ms limit 100000",
	} {
		if err := w.command(inside[0], append(inside[1:], "sh", "-c", line)...); err != nil {
			return "", err
		}
	}
	return w.peer(append(inside, w.path("peer"), w.path("ecdsa.pem"), w.path("ecdsa.key"), "any")...)
}

func there(out io.Reader) error {
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return fmt.Errorf("make a network namespace: %w (%q)", err, line)
	}
	return nil
}
