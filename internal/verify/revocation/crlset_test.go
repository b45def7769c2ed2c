package revocation_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/testutil/ca"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/revocation"
)

func TestCRLSet(t *testing.T) {
	s := newStage(t, ca.Serial(0xfedcba9876543210>>1))
	s.config.Fetch = nil
	high := new(big.Int).Lsh(big.NewInt(0xff), 64)
	type issuers = map[*x509.Certificate][]*big.Int
	subject := sha256.Sum256(s.leaf.RawSubject)
	limit := func(keys ...string) map[string]any {
		return map[string]any{"LimitedSubjects": map[string][]string{base64.StdEncoding.EncodeToString(subject[:]): keys}}
	}
	whole := ca.CRLSet(t, nil, issuers{s.root.Certificate: {high, s.leaf.SerialNumber}})
	for _, tt := range []struct {
		name string
		set  []byte
		want judge.Answer
		text string
	}{
		{"ok covered", ca.CRLSet(t, nil, issuers{s.root.Certificate: {high}}), judge.Valid, "the CRLSet says: not revoked"},
		{"ok not covered", ca.CRLSet(t, nil, issuers{s.leaf.Certificate: {s.leaf.SerialNumber}}), judge.Abstain, "nothing is known"},
		{"ok in time", ca.CRLSet(t, map[string]any{"NotAfter": time.Now().Add(time.Hour).Unix()}, issuers{s.root.Certificate: nil}), judge.Valid, "not revoked"},
		{"ok subject limited to its key", ca.CRLSet(t, limit(ca.KeyHash(s.leaf.Certificate)), issuers{s.root.Certificate: nil}), judge.Valid, "not revoked"},
		{"bad revoked", whole, judge.Invalid, "the CRLSet says: revoked"},
		{"bad revoked, out of date", ca.CRLSet(t, map[string]any{"NotAfter": 1}, issuers{s.root.Certificate: {s.leaf.SerialNumber}}), judge.Invalid, "revoked"},
		{"bad key blocked", ca.CRLSet(t, map[string]any{"BlockedSPKIs": []string{ca.KeyHash(s.leaf.Certificate)}}, nil), judge.Invalid, "blocks its key"},
		{"bad key of the issuer blocked", ca.CRLSet(t, map[string]any{"BlockedSPKIs": []string{ca.KeyHash(s.root.Certificate)}}, nil), judge.Invalid, "blocks its key"},
		{"bad key of interception", ca.CRLSet(t, map[string]any{"BlockedInterceptionSPKIs": []string{ca.KeyHash(s.leaf.Certificate)}}, nil), judge.Invalid, "blocks its key"},
		{"bad subject limited", ca.CRLSet(t, limit(ca.KeyHash(s.root.Certificate)), nil), judge.Invalid, "limits its subject"},
		{"bad subject limited to nothing", ca.CRLSet(t, limit(), nil), judge.Invalid, "limits its subject"},
		{"bad out of date", ca.CRLSet(t, map[string]any{"NotAfter": 1}, issuers{s.root.Certificate: nil}), judge.Error, "out of date since 1970"},
		{"bad delta", ca.CRLSet(t, map[string]any{"DeltaFrom": 7}, nil), judge.Error, "no CRLSet"},
		{"bad type", ca.CRLSet(t, map[string]any{"ContentType": "CRLSetDelta"}, nil), judge.Error, "no CRLSet"},
		{"bad version", ca.CRLSet(t, map[string]any{"Version": 1}, nil), judge.Error, "no CRLSet"},
		{"bad digest", ca.CRLSet(t, map[string]any{"BlockedSPKIs": []string{"AAAA"}}, nil), judge.Error, "AAAA"},
		{"bad number of issuers", ca.CRLSet(t, map[string]any{"NumParents": 2}, nil), judge.Error, "another number of issuers"},
		{"bad header", append([]byte{3, 0}, "{{}"...), judge.Error, "header"},
		{"bad end of the header", []byte{0xff, 0xff, '{', '}'}, judge.Error, "too early"},
		{"bad end of a serial number", whole[:len(whole)-1], judge.Error, "too early"},
		{"bad end of an issuer", append(ca.CRLSet(t, nil, nil), 1, 2, 3), judge.Error, "too early"},
		{"bad empty", nil, judge.Error, "too early"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.config.CRLSet = write(t, tt.set)
			s.start(t)
			check(t, s.ask(t), tt.want, tt.text)
		})
	}
	t.Run("bad revoked, good by the staple", func(t *testing.T) {
		s.config.CRLSet = write(t, whole)
		s.start(t)
		check(t, s.ask(t, stapled(s.root.Response(t, s.leaf.Certificate))), judge.Invalid, "the CRLSet says")
	})
	t.Run("bad missing", func(t *testing.T) {
		s.config.CRLSet = "/nonexistent/crl-set"
		s.start(t)
		check(t, s.ask(t), judge.Error, "no such file")
	})
}

// FuzzCRLSet: whatever the bytes are, the set has no more serial numbers than bytes, and what it says has a text.
func FuzzCRLSet(f *testing.F) {
	root := ca.Root(f, "root")
	f.Add(ca.CRLSet(f, map[string]any{"BlockedSPKIs": []string{ca.KeyHash(root.Certificate)}}, map[*x509.Certificate][]*big.Int{root.Certificate: {big.NewInt(1), big.NewInt(300)}}))
	f.Add([]byte("\x02\x00{}"))
	f.Add(append(ca.CRLSet(f, nil, nil), strings.Repeat("\xff", 40)...))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := revocation.ParseCRLSet(text)
		if err != nil {
			return
		}
		if n := revocation.Serials(s); n > len(text) {
			t.Errorf("%d serial numbers of %d bytes", n, len(text))
		}
		if says, what := revocation.CRLSetSays(s, root.Certificate, root.Certificate); says && what == "" {
			t.Error("a revocation without a text")
		}
	})
}
