package judges

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Bounds of a question, so that a peer cannot make the other process work for long.
const (
	certsMax = 64
	pathsMax = 64
)

// question is a judge.Question as it travels: each certificate once.
type question struct {
	Judge string         `json:"judge"`
	Host  string         `json:"host"`
	Port  uint16         `json:"port"`
	From  netip.AddrPort `json:"remote"`
	Role  judge.Role     `json:"role"`
	App   string         `json:"app"`
	UID   int            `json:"uid"`
	Certs [][]byte       `json:"certs"`
	Chain []int          `json:"chain"`
	Paths [][]int        `json:"paths"`
	OCSP  []byte         `json:"ocsp,omitempty"`
	SCTs  [][]byte       `json:"scts,omitempty"`
	Look  judge.Sources  `json:"sources"`
	Time  time.Time      `json:"time"`
}

// verdict is a judge.Verdict as it travels.
type verdict struct {
	Answer judge.Answer `json:"answer"`
	Kind   abi.Kind     `json:"kind"`
	Reason string       `json:"reason"`
	Until  time.Time    `json:"until"`
}

func encode(name string, q *judge.Question) question {
	out := question{
		Judge: name, Host: q.Host, Port: q.Port, From: q.Remote, Role: q.Role, App: q.App, UID: q.UID,
		OCSP: q.OCSP, SCTs: q.SCTs, Look: q.Sources, Time: q.Time,
	}
	at := map[string]int{}
	refer := func(chain []*x509.Certificate) (list []int) {
		for _, c := range chain {
			i, known := at[string(c.Raw)]
			if !known {
				i = len(out.Certs)
				at[string(c.Raw)] = i
				out.Certs = append(out.Certs, c.Raw)
			}
			list = append(list, i)
		}
		return list
	}
	out.Chain = refer(q.Chain)
	for _, p := range q.Paths[:min(len(q.Paths), pathsMax)] {
		out.Paths = append(out.Paths, refer(p))
	}
	return out
}

// decode is the question with its certificates parsed.
func (q question) decode() (*judge.Question, error) {
	if len(q.Certs) > certsMax || len(q.Paths) > pathsMax {
		return nil, fmt.Errorf("%d certificates in %d paths; at most %d in %d", len(q.Certs), len(q.Paths), certsMax, pathsMax)
	}
	certs := make([]*x509.Certificate, len(q.Certs))
	for i, der := range q.Certs {
		var err error
		if certs[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i, err)
		}
	}
	out := &judge.Question{
		Host: q.Host, Port: q.Port, Remote: q.From, Role: q.Role, App: q.App, UID: q.UID, OCSP: q.OCSP, SCTs: q.SCTs,
		Sources: q.Look, Time: q.Time,
	}
	var err error
	if out.Chain, err = pick(certs, q.Chain); err != nil {
		return nil, err
	}
	if len(out.Chain) == 0 {
		return nil, fmt.Errorf("a question about no certificate")
	}
	for _, list := range q.Paths {
		path, err := pick(certs, list)
		if err != nil {
			return nil, err
		}
		out.Paths = append(out.Paths, path)
	}
	return out, nil
}

func pick(certs []*x509.Certificate, list []int) ([]*x509.Certificate, error) {
	if len(list) > certsMax {
		return nil, fmt.Errorf("a path of %d certificates, at most %d", len(list), certsMax)
	}
	out := make([]*x509.Certificate, 0, len(list))
	for _, i := range list {
		if i < 0 || i >= len(certs) {
			return nil, fmt.Errorf("there is no certificate %d", i)
		}
		out = append(out, certs[i])
	}
	return out, nil
}
