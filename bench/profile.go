package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

const profileGroup = "inside: where ssa's processor time goes, percent"

// A share is a part of a profile: the first whose object and symbol fit takes a sample.
type share struct {
	name           string
	object, symbol *regexp.Regexp
}

func shares() []share {
	fits := regexp.MustCompile
	all, kernel, ssa := fits(``), fits(`^\[`), fits(`^ssa$`)
	return []share{
		{"kernel: copies of data", kernel, fits(`copy|rep_movs|memcpy|csum`)},
		{"kernel: TCP and IP", kernel, fits(`tcp|^ip_|^__ip|inet|skb|^sock|^__sk|^sk_|net_rx|dev_|nf_|loopback|neigh`)},
		{"kernel: AF_UNIX", kernel, fits(`unix`)},
		{"kernel: trapped calls and the memory of the program", kernel, fits(`seccomp|pidfd|ptrace|process_vm|proc_|pid_|d_lookup|access_remote`)},
		{"kernel: switches between threads", kernel, fits(`finish_task_switch|schedule|futex|wake|ttwu|enqueue|dequeue|pick_|update_`)},
		{"kernel: everything else", kernel, all},
		{"TLS: records", ssa, fits(`(?i)gcm|aes|engine\.\(\*(Session|records|inbox|outbox|half)`)},
		{"TLS: handshakes and certificates", ssa, fits(`^crypto|^p256|^vendor/golang.org/x/crypto|^encoding/(asn1|pem)|^math/big|internal/verify|sha(256|512)`)},
		{"Go: allocation and collection", ssa, fits(`^runtime\.(\(\*(mspan|mheap|mcache|mcentral|gc|spanSet|sweep|limiter|scav|lfstack|pageAlloc)|gc|malloc|scan|mark|sweep|grey|greyobject|newobject|memclr|heap|bg|wb|typePointers|tryDefer|make|growslice|find[Oo]bject|publication|deductAssist)`)},
		{"Go: stacks that grow", ssa, fits(`^runtime\.(\(\*(unwinder|stkframe)|copystack|adjust|newstack|morestack|findfunc|pcvalue|step|stack|funcspdelta|getStackMap|pcdata|readvarint)`)},
		{"Go: goroutines and threads", ssa, fits(`^runtime\.|^internal/(runtime|poll)|^sync`)},
		{"ssa: sockets, policy, service", ssa, all},
		{"the program", all, all},
	}
}

// profile says where the time of a side of TLS sockets goes, by samples of the processors' clock with perf(1).
func (w *workshop) profile() {
	ours := w.libraries()[0]
	for _, j := range []struct {
		name string
		args []string
	}{
		{"connections", []string{"full", "500"}}, {"resumed connections", []string{"resumed", "500"}},
		{"download", []string{"download", "1", "1000000000"}}, {"upload", []string{"upload", "1", "1000000000"}},
	} {
		w.say("%s: %s", profileGroup, j.name)
		parts, err := w.sampled(ours.client(w, w.ports["ecdsa"], j.args...))
		if err != nil {
			w.results.note("There is no profile: %s.", lastLine(err.Error()))
			return
		}
		for _, s := range shares() {
			if parts[s.name] >= 0.5 {
				w.results.add(series{Group: profileGroup, Name: s.name, Unit: "%", Side: j.name}, parts[s.name])
			}
		}
	}
}

// sampled gives the percentage of each share.
func (w *workshop) sampled(command []string) (map[string]float64, error) {
	file := w.path("perf.data")
	defer func() { _ = os.Remove(file) }()
	if err := w.command("perf", append([]string{"record", "-q", "-e", "cpu-clock", "-F", "997", "-o", file, "--"}, command...)...); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(w.ctx, "perf", "report", "-q", "-i", file, "--stdio", "-F", "overhead,dso,symbol", "-t", "|").Output()
	if err != nil {
		return nil, fmt.Errorf("perf report: %w", err)
	}
	parts := map[string]float64{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(line, "|")
		if len(f) < 3 {
			continue
		}
		_, symbol, _ := strings.Cut(strings.TrimSpace(f[2]), "] ")
		percent, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(f[0]), "%"), 64)
		if err == nil {
			parts[shareOf(strings.TrimSpace(f[1]), symbol)] += percent
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("perf took no samples")
	}
	return parts, nil
}

func shareOf(object, symbol string) string {
	for _, s := range shares() {
		if s.object.MatchString(object) && s.symbol.MatchString(symbol) {
			return s.name
		}
	}
	return ""
}
