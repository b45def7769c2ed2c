package judges_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// inspector checks what reaches a judge.
type inspector struct{ t *testing.T }

func (inspector) Name() string { return "inspector" }

func (i inspector) Judge(_ context.Context, q *judge.Question) judge.Verdict {
	if len(q.Chain) == 0 {
		i.t.Error("a question about no certificate")
	}
	for _, path := range append(q.Paths, q.Chain) {
		for _, c := range path {
			if c == nil || len(c.Raw) == 0 {
				i.t.Error("a certificate that is none")
			}
		}
	}
	return judge.Validf("looked at")
}

// FuzzQuestion: whatever the other process asks, a judge gets a chain of certificates, or nobody is asked.
func FuzzQuestion(f *testing.F) {
	der, err := json.Marshal(testCertificate(f))
	if err != nil {
		f.Fatal(err)
	}
	end := time.Now().Add(time.Hour).Format(time.RFC3339)
	head := `{"judge":"inspector","deadline":"` + end + `","certs":[` + string(der) + `],`
	f.Add([]byte(head + `"chain":[0],"paths":[[0,0]]}`))
	f.Add([]byte(head + `"chain":[1]}`))
	f.Add([]byte(head + `"chain":[-1],"paths":[[]]}`))
	f.Add([]byte(`{"judge":"inspector"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) || len(body) > 32<<10 {
			return
		}
		a, b, err := linux.SeqpacketPair()
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		load := func() (judges.Bench, error) { return judges.NewBench(inspector{t}), nil }
		go func() { served <- judges.Serve(context.WithoutCancel(t.Context()), b, load) }()
		calls, err := rpc.NewClient(a)
		if err != nil {
			t.Fatal(err)
		}
		_ = calls.Call(t.Context(), rpc.Request{Method: "judge", In: json.RawMessage(body)}, nil)
		_ = calls.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}
