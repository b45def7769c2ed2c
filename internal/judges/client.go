package judges

import (
	"context"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// The methods of the process.
const (
	methodJudge   = "judge"
	methodChanged = "changed"
	methodReload  = "reload"
	methodSources = "sources"
	methodUpdate  = "update"
)

// A Client asks the process.
type Client struct{ calls *rpc.Client }

// NewClient makes a client of calls to the process.
func NewClient(calls *rpc.Client) *Client { return &Client{calls} }

// Judge is the judge of that name in the process. One that is not there answers with an error.
func (c *Client) Judge(name string) judge.Judge { return remote{c, name} }

// Reload has the process read its configuration again. One that is wrong changes nothing.
func (c *Client) Reload(ctx context.Context) error {
	return c.calls.Call(ctx, rpc.Request{Method: methodReload}, nil)
}

// Changed waits until what the judges know has changed more often than seen, and says how often it has.
func (c *Client) Changed(ctx context.Context, seen uint64) (n uint64, err error) {
	err = c.calls.Call(ctx, rpc.Request{Method: methodChanged, In: seen}, &n)
	return n, err
}

// Revocations lists what is known of revocations, after fetching all of it again if that is asked for.
func (c *Client) Revocations(ctx context.Context, update bool) (list api.Revocations, err error) {
	if update {
		if err := c.calls.Call(ctx, rpc.Request{Method: methodUpdate}, &list.Problems); err != nil {
			return list, err
		}
	}
	list.Sources = []api.RevocationSource{}
	for {
		var some []api.RevocationSource
		if err := c.calls.Call(ctx, rpc.Request{Method: methodSources, In: len(list.Sources)}, &some); err != nil || len(some) == 0 {
			return list, err
		}
		list.Sources = append(list.Sources, some...)
	}
}

// remote is a judge in the process.
type remote struct {
	client *Client
	name   string
}

// Name implements judge.Judge.
func (r remote) Name() string { return r.name }

// Judge implements judge.Judge.
func (r remote) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	in := request{question: encode(r.name, q)}
	if deadline, ok := ctx.Deadline(); ok {
		in.Deadline = deadline
	}
	var v verdict
	if err := r.client.calls.Call(ctx, rpc.Request{Method: methodJudge, In: in}, &v); err != nil {
		return judge.Errorf("ask the process of the judges: %v", err)
	}
	return judge.Verdict{Answer: v.Answer, Kind: v.Kind, Reason: v.Reason, Until: v.Until}
}
