// Command no_wildcards is a judge of certificates as a program: it refuses a server whose certificate names it by a
// wildcard only. In the policy of the machine:
//
//	[[validation.plugin]]
//	name = "no-wildcards"
//	path = "/usr/lib/ssa/judges/no_wildcards"
//	mode = "hard"
//
// See ssa-plugin(7) for the protocol.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// requestMax is the longest line of the protocol, in bytes.
const requestMax = 1 << 20

// request is what is used here of a request.
type request struct {
	ID    uint64   `json:"id"`
	Host  string   `json:"host"`
	Role  string   `json:"role"`
	Chain [][]byte `json:"chain"`
}

// answer is the answer to a request.
type answer struct {
	ID     uint64 `json:"id"`
	Answer string `json:"answer"`
	Reason string `json:"reason"`
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "no_wildcards:", err)
		os.Exit(1)
	}
}

// serve answers request after request, until there are no more.
func serve() error {
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	in.Buffer(nil, requestMax)
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		word, reason := judge(r)
		if err := out.Encode(answer{r.ID, word, reason}); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	return in.Err()
}

// judge decides about one chain.
func judge(r request) (word, reason string) {
	if r.Role != "server" || len(r.Chain) == 0 {
		return "abstain", "this is about servers"
	}
	leaf, err := x509.ParseCertificate(r.Chain[0])
	if err != nil {
		return "error", fmt.Sprintf("the certificate cannot be read: %v", err)
	}
	host := strings.ToLower(strings.TrimSuffix(r.Host, "."))
	for _, name := range leaf.DNSNames {
		if strings.ToLower(name) == host {
			return "valid", "the certificate names the host itself"
		}
	}
	if leaf.VerifyHostname(host) == nil && len(leaf.DNSNames) > 0 {
		return "invalid", "the certificate names the host by a wildcard only"
	}
	return "abstain", "the certificate does not name the host"
}
