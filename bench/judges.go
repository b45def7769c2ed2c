package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/panel"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// judgesMost is what all judges together may add to a handshake when their answers are known.
const judgesMost = 200 * time.Microsecond

// judgesGroup and the names of its rows.
const (
	judgesGroup  = "judging a server's certificate"
	standardName = "standard validation alone"
	addedName    = "added by seven more judges whose answers are known"
)

// knowing is a judge whose answer holds.
type knowing string

func (k knowing) Name() string { return string(k) }

func (k knowing) Judge(_ context.Context, q *judge.Question) judge.Verdict {
	return judge.Validf("fine").For(q, time.Hour)
}

// judgements measures what the judges of certificates take in a handshake.
func judgements(w *workshop) error {
	w.say("%s", judgesGroup)
	standard := policy.Default().Validation
	all := standard
	for _, j := range policy.Judges() {
		all.Rules[j].Weight = policy.Hard
	}
	all.Plugins = []policy.Plugin{{Name: "one", Rule: all.Rules[policy.JudgeDANE]}, {Name: "two", Rule: all.Rules[policy.JudgeDANE]}}
	ask, err := asking(w)
	if err != nil {
		return err
	}
	// In turns, so that what else the machine does meets both.
	for range 20 {
		base, err := repeat(1, 200, func() error { return ask(&standard) })
		if err != nil {
			return err
		}
		full, err := repeat(1, 200, func() error { return ask(&all) })
		if err != nil {
			return err
		}
		w.results.add(series{Group: judgesGroup, Name: standardName, Unit: "µs", Side: ssaSide}, base/1e3)
		w.results.add(series{Group: judgesGroup, Name: addedName, Unit: "µs", Side: ssaSide}, (full-base)/1e3)
	}
	return nil
}

// asking puts a real chain before a panel, by given rules. The key of the server is one of a first connection.
func asking(w *workshop) (func(*policy.Validation) error, error) {
	chain, err := certificate(w.path("ecdsa.pem"))
	if err != nil {
		return nil, err
	}
	ca, err := certificate(w.path("ca.pem"))
	if err != nil {
		return nil, err
	}
	kept := pins.NewStore(w.path("judges"))
	if err := os.RemoveAll(w.path("judges")); err != nil { // those of a run before had another key
		return nil, err
	}
	p := panel.New(panel.Config{Find: func(name string) judge.Judge { return knowing(name) }})
	own := []judge.Judge{
		verify.Standard{Stores: []*verify.Store{verify.NewStore("bench", []*x509.Certificate{ca})}, RSABits: 2048},
		pins.New(pins.Config{TrustOnFirstUse: true, Kept: kept}),
	}
	question := func() *judge.Question {
		return &judge.Question{Host: peerName, Port: 443, Chain: []*x509.Certificate{chain}, Time: time.Now()}
	}
	if err := pins.New(pins.Config{TrustOnFirstUse: true, Kept: kept}).Learn(question()); err != nil {
		return nil, err
	}
	return func(v *policy.Validation) error {
		return p.Ask(context.Background(), panel.Case{Rules: v, Own: own, Question: question()}).Err
	}, nil
}

func certificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New(path + " holds no PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
