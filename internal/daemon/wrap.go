package daemon

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
)

// WrapConfig says in the words of the command line which plain connections and listeners of a tree become TLS.
type WrapConfig struct {
	// To are destinations as HOST:PORT, Listen ports.
	To, Listen []string
	// Trust, Cert and Key are files in PEM.
	Trust, Cert, Key string
}

// Load reads what is named and refuses what contradicts itself.
func (w WrapConfig) Load() (all socket.Wraps, err error) {
	for _, s := range w.To {
		e, err := policy.ParseEndpoint(s)
		if err != nil {
			return all, fmt.Errorf("--wrap: %w", err)
		}
		if to := (socket.Wrap{Host: e.Host, Port: e.Port}); !slices.Contains(all.To, to) {
			all.To = append(all.To, to)
		}
	}
	for _, s := range w.Listen {
		port, err := policy.ParsePort(s)
		if err != nil {
			return all, fmt.Errorf("--wrap-listen: %w", err)
		}
		all.Listen = append(all.Listen, port)
	}
	all.Request, err = w.request(all)
	return all, err
}

func (w WrapConfig) request(all socket.Wraps) (r abi.Request, err error) {
	switch {
	case (w.Cert == "") != (w.Key == ""):
		return r, errors.New("--cert and --key belong together")
	case w.Cert != "" && len(all.Listen) == 0:
		return r, errors.New("--cert is for --wrap-listen, which is not given")
	case w.Trust != "" && len(all.To) == 0:
		return r, errors.New("--trust is for --wrap, which is not given")
	}
	if w.Trust != "" {
		if r.TrustAnchors, err = pem("--trust", w.Trust); err != nil {
			return r, err
		}
	}
	if w.Cert == "" {
		return r, nil
	}
	chain, err := pem("--cert", w.Cert)
	if err != nil {
		return r, err
	}
	key, err := pem("--key", w.Key)
	r.Credentials = []abi.Credential{{Chain: chain, Key: key}}
	return r, err
}

// pem reads a file as large as an option of a socket may be.
func pem(flag, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if len(b) > abi.ValueMax {
		return nil, fmt.Errorf("%s: %s has %d bytes, at most %d are possible", flag, path, len(b), abi.ValueMax)
	}
	return b, nil
}
