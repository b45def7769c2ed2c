package judges

import (
	"context"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/rpc"
)

// catalogue is a judge that lists what it knows from, and fetches it again.
type catalogue interface {
	Sources() []api.RevocationSource
	Update(ctx context.Context) (problems []string)
}

// Bounds of one answer, which has to fit into a message even when each byte of a text becomes six in JSON: sources,
// problems, and bytes of a text.
const (
	sourcesMax  = 8
	problemsMax = 32
	textMax     = 200
)

// catalogues are the judges of the bench that are asked.
func (s *seat) catalogues() (all []catalogue) {
	for _, j := range s.bench {
		if c, ok := j.(catalogue); ok {
			all = append(all, c)
		}
	}
	return all
}

// sources is a part of the list, from the number that the call has.
func (p *process) sources(c *rpc.Call) (any, error) {
	var from int
	if err := c.Decode(&from); err != nil {
		return nil, err
	}
	s := p.sit()
	defer s.asked.Done()
	var all []api.RevocationSource
	for _, c := range s.catalogues() {
		all = append(all, c.Sources()...)
	}
	from = min(max(from, 0), len(all))
	part := all[from:min(from+sourcesMax, len(all))]
	for i := range part {
		e := &part[i]
		for _, text := range []*string{&e.Source, &e.Issuer, &e.Serial, &e.Says, &e.Problem} {
			*text = cut(*text)
		}
	}
	return part, nil
}

// update has everything fetched again.
func (p *process) update(ctx context.Context) (any, error) {
	s := p.sit()
	defer s.asked.Done()
	problems := []string{}
	for _, c := range s.catalogues() {
		problems = append(problems, c.Update(ctx)...)
	}
	for i := range problems {
		problems[i] = cut(problems[i])
	}
	return problems[:min(len(problems), problemsMax)], nil
}

func cut(text string) string { return text[:min(len(text), textMax)] }
