package daemon

import (
	"context"
	"net/url"
	"path/filepath"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/revocation"
)

// revocationDirName is the directory of what was fetched about revocations, in that of the judges.
const revocationDirName = "revocation"

// revocation makes the judge of revocations. A program may want it where the policy does not, so there always is one.
func (c chambers) revocation(p *policy.Policy) ([]judge.Judge, error) {
	is := p.Global(time.Now()).Validation
	fetcher, err := fetcher(is.Fetching)
	if err != nil {
		return nil, err
	}
	made := revocation.Config{
		Fetch: fetcher.Fetch, Lists: is.Revocations.Lists, CRLSet: is.Revocations.CRLSet, Age: is.Revocations.Age,
		Open: config.Open, Logger: c.log,
	}
	if c.stateDir != "" {
		made.Dir = filepath.Join(c.stateDir, revocationDirName)
	}
	j, err := revocation.New(made)
	if err != nil {
		return nil, err
	}
	return []judge.Judge{j}, nil
}

// Revocations implements control.Daemon.
func (n *Network) Revocations(ctx context.Context, update bool) (api.Revocations, error) {
	return judges.NewClient(n.judges).Revocations(ctx, update)
}

// fetcher gets what certificates name, as far as the policy lets it.
func fetcher(f policy.Fetching) (*fetch.Fetcher, error) {
	c := fetch.Config{Allow: f.Allow, Ports: f.Ports}
	if f.Proxy != "" {
		proxy, err := url.Parse(f.Proxy)
		if err != nil {
			return nil, err
		}
		c.Proxy = proxy
	}
	return fetch.New(c), nil
}
