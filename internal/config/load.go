package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
)

// Bounds of what is read.
const (
	// fileMax bounds one file, in bytes.
	fileMax = 4 << 20
	// totalMax bounds all files together, in bytes.
	totalMax = 16 << 20
	// problemsMax bounds the problems that are reported.
	problemsMax = 200
)

// Options say where a policy is and what it is checked against.
type Options struct {
	// File is the main file and Dirs are the directories of drop-ins, highest precedence first.
	File string
	Dirs []string
	// SystemCryptoPolicies is what extends = "system-crypto-policies" reads.
	SystemCryptoPolicies string
	// Caps is what the engine can do.
	Caps policy.Caps
	// LookupUser gives the number of a user.
	LookupUser func(string) (int, error)
	// Now decides which exceptions are dead.
	Now time.Time
}

// System is the options for the policy of this machine.
func System(caps policy.Caps, now time.Time) Options {
	return Options{
		File:                 "/etc/ssa/policy.toml",
		Dirs:                 []string{"/etc/ssa/policy.d", "/run/ssa/policy.d", "/usr/lib/ssa/policy.d"},
		SystemCryptoPolicies: SystemCryptoPolicies,
		Caps:                 caps,
		LookupUser:           lookupUser,
		Now:                  now,
	}
}

func lookupUser(name string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, errors.New("there is no such user")
	}
	return strconv.Atoi(u.Uid)
}

// A Result is what came of loading.
type Result struct {
	// Policy is nil when something is wrong.
	Policy *policy.Policy
	// Problems are all of them, warnings included, by place.
	Problems []policy.Problem
	// Files are those that were read, in the order in which they count.
	Files []string
}

// Err is nil when the policy can be used. Its text has a line for each problem.
func (r Result) Err() error {
	if r.Policy != nil {
		return nil
	}
	var lines []string
	for _, p := range r.Problems {
		if !p.Warning {
			lines = append(lines, p.Error())
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// Load reads the main file, then the drop-ins, each over what came before. What is not there is empty; an empty
// policy is the built-in one.
func Load(o Options) Result {
	files, problems := dropIns(o.Dirs)
	d := &decoder{options: o, problems: problems}
	var sources []source
	total := 0
	for i, file := range append([]string{o.File}, files...) {
		text, err := read(file, fileMax)
		switch {
		case i == 0 && errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			d.problemf(policy.Source{File: file}, "%v", err)
			continue
		}
		if total += len(text); total > totalMax {
			d.problemf(policy.Source{File: file}, "the files are larger than %d bytes together", totalMax)
			break
		}
		sources = append(sources, source{file, text})
	}
	return d.load(sources)
}

// Parse reads a text as if it were the whole policy.
func Parse(o Options, file string, text []byte) Result {
	d := &decoder{options: o}
	return d.load([]source{{file, text}})
}

// LoadFile reads one file as if it were the whole policy, whoever it belongs to.
func LoadFile(o Options, file string) Result {
	d := &decoder{options: o}
	text, err := os.ReadFile(file)
	if err != nil {
		d.problemf(policy.Source{File: file}, "%v", err)
	} else if len(text) > fileMax {
		d.problemf(policy.Source{File: file}, "the file is larger than %d bytes", fileMax)
	}
	return d.load([]source{{file, text}})
}

// source is a file with its text.
type source struct {
	file string
	text []byte
}

func (d *decoder) load(sources []source) Result {
	r := &rules{byName: map[string]*policy.Profile{}}
	var result Result
	for _, s := range sources {
		result.Files = append(result.Files, s.file)
		t, problem := parse(s.file, s.text)
		if problem != nil {
			d.problems = append(d.problems, *problem)
			continue
		}
		d.document(t, r)
	}
	for _, p := range r.Profiles {
		if p.Match.Source.Built() {
			d.problemf(p.Source, "profile %s has no match, which says whom it is for", p.Name)
		}
	}
	p, problems := policy.New(r.Rules, d.options.Caps, d.options.Now)
	d.problems = append(d.problems, problems...)
	result.Problems = d.sorted()
	if !slices.ContainsFunc(d.problems, func(p policy.Problem) bool { return !p.Warning }) {
		result.Policy = p
	}
	return result
}

// sorted are the problems by place, as far as anybody would read them.
func (d *decoder) sorted() []policy.Problem {
	slices.SortStableFunc(d.problems, policy.Problem.Compare)
	if extra := len(d.problems) - problemsMax; extra > 0 {
		return append(d.problems[:problemsMax:problemsMax], policy.Problem{Text: fmt.Sprintf("and %d more", extra)})
	}
	return d.problems
}
