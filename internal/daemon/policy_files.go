package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify"
)

// CheckFiles looks at the files that a policy names, as the service would when it needs them. What this user may not
// read is a warning.
func CheckFiles(p *policy.Policy) []policy.Problem {
	var problems []policy.Problem
	for _, use := range p.Files() {
		err := checkFile(use)
		if err == nil {
			continue
		}
		problems = append(problems, policy.Problem{
			Source: use.Source, Text: fmt.Sprintf("%s: %v", use.Key, err),
			Warning: errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0,
		})
	}
	return problems
}

func checkFile(use policy.FileUse) error {
	text, err := readFile(use.Path)
	if err != nil {
		return err
	}
	if use.Key == policy.KeyTrustStore {
		_, err := verify.ParseStore(use.Path, text)
		return err
	}
	key, err := readFile(use.Companion)
	if err != nil {
		return err
	}
	if _, err := keys.Load(abi.Credential{Chain: text, Key: key}); err != nil {
		return fmt.Errorf("%s with %s: %w", use.Path, use.Companion, err)
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	f, err := config.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, abi.ValueMax*16))
}
