package revocation_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// TestResponses puts every kind of response before the judge, stapled and fetched.
func TestResponses(t *testing.T) {
	s := newStage(t)
	s.crl.Serve(http.NotFound)
	stranger := ca.Root(t, "stranger")
	twin := ca.Root(t, "twin")
	delegate, expired := s.root.Responder(t), s.root.Responder(t, ca.Expired)
	client := s.root.Responder(t, ca.Usage(x509.ExtKeyUsageClientAuth))
	other := *s.leaf.Certificate
	other.SerialNumber = s.root.SerialNumber
	for _, tt := range []struct {
		name string
		der  []byte
		want judge.Answer
		text string
	}{
		{"ok good", s.root.Response(t, s.leaf.Certificate), judge.Valid, "not revoked"},
		{"ok without an end", s.root.Response(t, s.leaf.Certificate, ca.Endless), judge.Valid, "not revoked"},
		{"ok by a delegate", s.root.Response(t, s.leaf.Certificate, ca.By(delegate)), judge.Valid, "not revoked"},
		{"ok issuer sent along", s.root.Response(t, s.leaf.Certificate, ca.By(s.root)), judge.Valid, "not revoked"},
		{"bad revoked", s.root.Response(t, s.leaf.Certificate, ca.Revoked(1)), judge.Invalid, "keyCompromise"},
		{"bad revoked, says a delegate", s.root.Response(t, s.leaf.Certificate, ca.By(delegate), ca.Revoked(0)), judge.Invalid, "no reason given"},
		{"bad revoked, out of date", s.root.Response(t, s.leaf.Certificate, ca.Stale, ca.Revoked(4)), judge.Invalid, "superseded"},
		{"bad on hold", s.root.Response(t, s.leaf.Certificate, ca.Revoked(6)), judge.Invalid, "certificateHold"},
		{"bad was on hold", s.root.Response(t, s.leaf.Certificate, ca.Stale, ca.Revoked(6)), judge.Error, "out of date since"},
		{"bad unknown", s.root.Response(t, s.leaf.Certificate, ca.Unknown), judge.Error, "does not know it"},
		{"bad out of date", s.root.Response(t, s.leaf.Certificate, ca.Stale), judge.Error, "out of date since"},
		{"bad of tomorrow", s.root.Response(t, s.leaf.Certificate, ca.Early), judge.Error, "of a time to come"},
		{"bad of tomorrow, revoked", s.root.Response(t, s.leaf.Certificate, ca.Early, ca.Revoked(1)), judge.Error, "of a time to come"},
		{"bad without an end and old", s.root.Response(t, s.leaf.Certificate, ca.Endless, ca.Made(time.Now().Add(-25*time.Hour))), judge.Error, "out of date since"},
		{"bad serial number", s.root.Response(t, &other), judge.Error, "no response matching"},
		{"bad issuer", s.root.Response(t, s.leaf.Certificate, ca.About(twin)), judge.Error, "certificate of another issuer"},
		{"bad signature", s.root.Response(t, s.leaf.Certificate, ca.ByKey(stranger)), judge.Error, "not signed by the certificate's issuer"},
		{"bad signature, revoked", s.root.Response(t, s.leaf.Certificate, ca.ByKey(stranger), ca.Revoked(1)), judge.Error, "not signed by the certificate's issuer"},
		{"bad by a stranger", s.root.Response(t, s.leaf.Certificate, ca.By(stranger)), judge.Error, "did not issue"},
		{"bad by a stranger's delegate", s.root.Response(t, s.leaf.Certificate, ca.By(stranger.Responder(t))), judge.Error, "did not issue"},
		{"bad by another certificate of the issuer", s.root.Response(t, s.leaf.Certificate, ca.By(client)), judge.Error, "may not sign responses"},
		{"bad by the certificate itself", s.root.Response(t, s.leaf.Certificate, ca.By(s.leaf)), judge.Error, "may not sign responses"},
		{"bad by a delegate that has expired", s.root.Response(t, s.leaf.Certificate, ca.By(expired)), judge.Error, "not valid now"},
		{"bad garbage", []byte("garbage"), judge.Error, "malformed"},
		{"bad length", make([]byte, 1<<17), judge.Error, "65536"},
	} {
		t.Run(tt.name+", stapled", func(t *testing.T) {
			s.config.Fetch = nil
			s.start(t)
			check(t, s.ask(t, stapled(tt.der)), tt.want, tt.text)
			s.stop()
		})
	}
	s = newStage(t)
	s.crl.Serve(http.NotFound)
	delegate = s.root.Responder(t)
	for _, tt := range []struct {
		name  string
		serve http.HandlerFunc
		want  judge.Answer
		text  string
	}{
		{"ok good", s.root.Answers(t), judge.Valid, "not revoked"},
		{"ok by a delegate", s.root.Answers(t, ca.By(delegate)), judge.Valid, "not revoked"},
		{"ok sent elsewhere", ca.Elsewhere(ca.NewServer(t, refuse(t)).URL), judge.Error, "forbidden"},
		{"bad revoked", s.root.Answers(t, ca.Revoked(1)), judge.Invalid, "keyCompromise"},
		{"bad unknown", s.root.Answers(t, ca.Unknown), judge.Error, "does not know it"},
		{"bad out of date", s.root.Answers(t, ca.Stale), judge.Error, "out of date"},
		{"bad signature", s.root.Answers(t, ca.ByKey(stranger)), judge.Error, "not signed by"},
		{"bad busy", ca.TryLater(), judge.Error, `"try later"`},
		{"bad garbage", ca.Garbage(), judge.Error, "malformed"},
		{"bad length", ca.Oversized(), judge.Error, "too large"},
		{"bad end", ca.Broken(make([]byte, 100)), judge.Error, "unexpected EOF"},
		{"bad loop", ca.Loop(), judge.Error, "more than 3 redirects"},
		{"bad status", http.NotFound, judge.Error, "404"},
	} {
		t.Run(tt.name+", fetched", func(t *testing.T) {
			s.responder.Serve(tt.serve)
			s.start(t)
			check(t, s.ask(t), tt.want, tt.text)
			s.stop()
		})
	}
}

// extension is one of a list.
func extension(critical bool, value any, id ...int) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		der, _ := asn1.Marshal(value)
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: der})
	}
}

// scope is IssuingDistributionPoint with raw contents.
func scope(contents ...byte) func(*x509.RevocationList) {
	return extension(true, asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: contents}, 2, 5, 29, 28)
}

// point is the contents of IssuingDistributionPoint for an address.
func point(url string) []byte {
	n := byte(len(url))
	return append([]byte{0xa0, n + 4, 0xa0, n + 2, 0x86, n}, url...)
}

// TestLists puts every kind of list before the judge, as a file and fetched.
func TestLists(t *testing.T) {
	s := newStage(t)
	s.responder.Serve(http.NotFound)
	stranger, twin := ca.Root(t, "stranger"), ca.Root(t, "root")
	none, leaf := []*x509.Certificate(nil), []*x509.Certificate{s.leaf.Certificate}
	shift := func(d time.Duration) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) { l.ThisUpdate, l.NextUpdate = l.ThisUpdate.Add(d), l.NextUpdate.Add(d) }
	}
	held := func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].ReasonCode = 6 }
	strange := func(l *x509.RevocationList) {
		l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 29}, Critical: true, Value: []byte{5, 0}}}
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want judge.Answer
		text string
		// fetched is what differs when the list is fetched rather than in a file.
		fetched     judge.Answer
		fetchedText string
	}{
		{name: "ok empty", der: s.root.CRLOf(t, none), want: judge.Valid, text: "not revoked"},
		{name: "ok another revoked", der: s.root.CRLOf(t, []*x509.Certificate{s.root.Certificate}), want: judge.Valid, text: "not revoked"},
		{name: "ok for its distribution point", der: s.root.CRLOf(t, none, scope(point(s.crl.URL+"/crl")...)), want: judge.Valid, text: "not revoked"},
		{name: "ok for end entities", der: s.root.CRLOf(t, none, scope(0x81, 1, 0xff)), want: judge.Valid, text: "not revoked"},
		{name: "bad revoked", der: s.root.CRLOf(t, leaf), want: judge.Invalid, text: "revoked, no reason given"},
		{name: "bad revoked, out of date", der: s.root.CRLOf(t, leaf, shift(-48*time.Hour)), want: judge.Invalid, text: "revoked", fetched: judge.Error, fetchedText: "out of date since"},
		{name: "bad was on hold", der: s.root.CRLOf(t, leaf, held, shift(-48*time.Hour)), want: judge.Error, text: "out of date since"},
		{name: "bad out of date", der: s.root.CRLOf(t, none, shift(-48*time.Hour)), want: judge.Error, text: "out of date since"},
		{name: "bad of tomorrow", der: s.root.CRLOf(t, none, shift(48*time.Hour)), want: judge.Error, text: "of a time to come"},
		{name: "bad for authorities", der: s.root.CRLOf(t, none, scope(0x82, 1, 0xff)), want: judge.Error, text: "404", fetched: judge.Abstain, fetchedText: "nothing is known"},
		{name: "bad for another distribution point", der: s.root.CRLOf(t, none, scope(point("http://a.example/crl")...)), want: judge.Error, text: "404", fetched: judge.Error, fetchedText: "another distribution point"},
		{name: "bad indirect", der: s.root.CRLOf(t, none, scope(0x84, 1, 0xff)), want: judge.Error, text: "indirect"},
		{name: "bad for attributes", der: s.root.CRLOf(t, none, scope(0x85, 1, 0xff)), want: judge.Error, text: "attribute certificates"},
		{name: "bad for some reasons", der: s.root.CRLOf(t, none, scope(0x83, 2, 6, 0x40)), want: judge.Error, text: "some reasons"},
		{name: "bad scope", der: s.root.CRLOf(t, none, scope(0xff)), want: judge.Error, text: "malformed"},
		{name: "bad delta", der: s.root.CRLOf(t, leaf, extension(true, 1, 2, 5, 29, 27)), want: judge.Error, text: "delta"},
		{name: "bad critical extension", der: s.root.CRLOf(t, none, extension(true, 1, 1, 2, 3)), want: judge.Error, text: "critical extension that is not known: 1.2.3"},
		{name: "bad critical extension of an entry", der: s.root.CRLOf(t, leaf, strange), want: judge.Error, text: "2.5.29.29"},
		{name: "bad signature", der: twin.CRLOf(t, leaf), want: judge.Error, text: "not signed by the certificate's issuer"},
		{name: "bad issuer", der: stranger.CRLOf(t, leaf), want: judge.Error, text: "404", fetched: judge.Error, fetchedText: "of another issuer"},
		{name: "bad garbage", der: []byte("garbage"), want: judge.Error, text: "malformed"},
	} {
		t.Run(tt.name+", file", func(t *testing.T) {
			s.crl.Serve(http.NotFound)
			config := s.config
			defer func() { s.config = config }()
			s.config.Lists = []string{write(t, tt.der)}
			s.start(t)
			v := s.ask(t)
			check(t, v, tt.want, tt.text)
			s.stop()
		})
		t.Run(tt.name+", fetched", func(t *testing.T) {
			if tt.fetchedText != "" {
				tt.want, tt.text = tt.fetched, tt.fetchedText
			}
			s.crl.Serve(ca.Document(tt.der))
			s.start(t)
			check(t, s.askWith(t, judge.Sources{CRL: true}), tt.want, tt.text)
			s.stop()
		})
	}
}

// TestPaths: all certificates but the anchor are checked, and one good path is enough.
func TestPaths(t *testing.T) {
	s := newStage(t)
	other := ca.Root(t, "other")
	sub := s.root.Issue(t, ca.Authority("sub"), ca.ListsAt(s.crl.URL+"/crl"))
	crossed := other.IssueFor(t, sub.Key, ca.Authority("sub"))
	leaf := sub.Issue(t, ca.Subject("leaf"), ca.RespondersAt(s.responder.URL))
	s.responder.Serve(sub.Answers(t))
	long := ca.Plain(leaf, sub, s.root)
	paths := func(p ...[]*x509.Certificate) func(*judge.Question) {
		return func(q *judge.Question) { q.Chain, q.Paths = long[:1], p }
	}
	ok, revokedSub := s.root.CRLOf(t, nil), s.root.CRLOf(t, []*x509.Certificate{sub.Certificate})
	for _, tt := range []struct {
		name string
		list []byte
		edit func(*judge.Question)
		want judge.Answer
		text string
	}{
		{name: "ok", list: ok, edit: paths(long), want: judge.Valid, text: "sub"},
		{name: "bad authority revoked", list: revokedSub, edit: paths(long), want: judge.Invalid, text: `"CN=sub"`},
		{name: "bad authority nobody speaks of", list: ok, edit: paths(ca.Plain(leaf, crossed, other)), want: judge.Abstain, text: `"CN=sub"`},
		{name: "bad authority revoked on one path", list: revokedSub, edit: paths(long, ca.Plain(leaf, crossed, other)), want: judge.Abstain, text: `"CN=sub"`},
		{name: "ok the other path is good", list: ok, edit: paths(ca.Plain(leaf, crossed, other), long), want: judge.Valid, text: "sub"},
		{name: "ok leaf is the anchor", list: ok, edit: paths(ca.Plain(leaf)), want: judge.Abstain, text: "trust anchor itself"},
		{name: "ok no path", list: ok, edit: paths(), want: judge.Abstain, text: "no path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.crl.Serve(ca.Document(tt.list))
			s.start(t)
			check(t, s.ask(t, tt.edit), tt.want, tt.text)
			s.stop()
		})
	}
}

// TestMustStaple: a certificate can demand a stapled response (RFC 7633), of servers.
func TestMustStaple(t *testing.T) {
	s := newStage(t, ca.MustStaple)
	s.responder.Serve(s.root.Answers(t))
	s.start(t)
	good := s.root.Response(t, s.leaf.Certificate)
	check(t, s.ask(t, stapled(good)), judge.Valid, "not revoked")
	for name, der := range map[string][]byte{
		"nothing is known": nil, "malformed": []byte("garbage"), "out of date since": s.root.Response(t, s.leaf.Certificate, ca.Stale),
	} {
		v := s.ask(t, stapled(der))
		check(t, v, judge.Invalid, name)
		check(t, v, judge.Invalid, "demands that the server staples")
		if v.Kind != abi.Rejected {
			t.Errorf("kind %v", v.Kind)
		}
	}
	v := s.ask(t, stapled(s.root.Response(t, s.leaf.Certificate, ca.Revoked(1))))
	check(t, v, judge.Invalid, "keyCompromise")
	if v.Kind != abi.Revoked {
		t.Errorf("kind %v", v.Kind)
	}
	check(t, s.ask(t, func(q *judge.Question) { q.Role = judge.Client }), judge.Valid, "not revoked")
	check(t, s.askWith(t, judge.Sources{OCSP: true}), judge.Valid, "not revoked")
}

// TestSources: only what is turned on is asked; anything that says revoked counts.
func TestSources(t *testing.T) {
	s := newStage(t)
	good, bad := s.root.Response(t, s.leaf.Certificate), s.root.Response(t, s.leaf.Certificate, ca.Revoked(1))
	for _, tt := range []struct {
		name    string
		from    judge.Sources
		ocsp    http.HandlerFunc
		crl     http.HandlerFunc
		stapled []byte
		want    judge.Answer
		text    string
	}{
		{name: "ok none", stapled: bad, want: judge.Abstain, text: "nothing is known"},
		{name: "ok stapled", from: judge.Sources{Stapled: true, OCSP: true, CRL: true}, stapled: good, want: judge.Valid, text: `"stapled"`},
		{name: "ok nothing stapled", from: judge.Sources{Stapled: true}, want: judge.Abstain, text: "nothing is known"},
		{name: "ok responder before list", from: judge.Sources{OCSP: true, CRL: true}, ocsp: s.root.Answers(t), want: judge.Valid, text: "ocsp"},
		{name: "ok list when the responder fails", from: judge.Sources{OCSP: true, CRL: true}, ocsp: http.NotFound, crl: ca.Document(s.root.CRLOf(t, nil)), want: judge.Valid, text: "crl"},
		{name: "ok responder when the staple is bad", from: judge.Sources{Stapled: true, OCSP: true}, stapled: []byte("x"), ocsp: s.root.Answers(t), want: judge.Valid, text: "ocsp"},
		{name: "bad list", from: judge.Sources{CRL: true}, crl: ca.Document(s.root.CRLOf(t, ca.Plain(s.leaf))), want: judge.Invalid, text: "crl"},
		{name: "bad both fail", from: judge.Sources{OCSP: true, CRL: true}, ocsp: http.NotFound, crl: http.NotFound, want: judge.Error, text: "404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for server, serve := range map[*ca.Server]http.HandlerFunc{s.responder: tt.ocsp, s.crl: tt.crl} {
				if serve == nil {
					serve = refuse(t)
				}
				server.Serve(serve)
			}
			s.start(t)
			check(t, s.askWith(t, tt.from, stapled(tt.stapled)), tt.want, tt.text)
			s.stop()
		})
	}
	t.Run("bad revoked by the list, good by the staple", func(t *testing.T) {
		s.config.Lists = []string{write(t, s.root.CRLOf(t, ca.Plain(s.leaf)))}
		s.start(t)
		check(t, s.ask(t, stapled(good)), judge.Invalid, "crl")
	})
}
