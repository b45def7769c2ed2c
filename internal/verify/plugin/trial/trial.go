// Package trial puts a plugin through what it will meet: good chains, bad ones, damaged ones, and many at a time. It
// knows nothing of what the plugin decides by: any answer is right, but for "valid" to what is no certificate.
package trial

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/plugin"
)

// restart is how long a case waits for a plugin that the case before has ended.
const restart = time.Second

// crowd is how many requests come at a time in the last case.
const crowd = 200

// A Result is what came of one case.
type Result struct {
	// Case is what was asked.
	Case string
	// Answer and Reason are the plugin's.
	Answer judge.Answer
	Reason string
	Took   time.Duration
	// Fault is what was wrong with that, empty when nothing was.
	Fault string
}

// Run asks the plugin case after case; j must be running. One that does not answer the first, a good chain, is not asked
// the others.
func Run(ctx context.Context, j *plugin.Judge) ([]Result, error) {
	all, err := cases(time.Now())
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, c := range all {
		results = append(results, c.try(ctx, j))
		if results[0].Fault != "" {
			return results, nil
		}
	}
	return append(results, together(ctx, j, all[0])), nil
}

// try asks one question.
func (c trialCase) try(ctx context.Context, j *plugin.Judge) Result {
	waiting, stop := context.WithTimeout(ctx, restart)
	j.Await(waiting) // the case before may have been too much for it
	stop()
	begun := time.Now()
	v, err := j.Ask(ctx, c.question)
	r := Result{Case: c.name, Answer: v.Answer, Reason: v.Reason, Took: time.Since(begun)}
	switch {
	case err != nil:
		r.Reason, r.Fault = err.Error(), "it did not answer"
	case v.Answer == judge.Valid && c.damaged:
		r.Fault = "it believes what is no certificate"
	}
	return r
}

// together asks the same question many times at once. Every answer must be the same.
func together(ctx context.Context, j *plugin.Judge, c trialCase) Result {
	results := make([]Result, crowd)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = c.try(ctx, j) })
	}
	all.Wait()
	sum := results[0]
	sum.Case = fmt.Sprintf("%d at a time", crowd)
	for _, r := range results {
		sum.Took = max(sum.Took, r.Took)
		switch {
		case r.Fault != "":
			sum.Answer, sum.Reason, sum.Fault = r.Answer, r.Reason, r.Fault
		case r.Answer != sum.Answer && sum.Fault == "":
			sum.Fault = fmt.Sprintf("it also answers %s: %s", r.Answer, r.Reason)
		}
	}
	return sum
}
