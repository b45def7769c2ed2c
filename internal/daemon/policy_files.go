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
	"github.com/securesocketapi/ssa/internal/verify/revocation"
	"github.com/securesocketapi/ssa/internal/verify/transparency"
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
	if use.Key == policy.KeyPlugins {
		return executable(use.Path)
	}
	text, err := readFile(use.Path)
	if err != nil {
		return err
	}
	if use.Key != policy.KeyCertificates {
		return checkList(use, text)
	}
	key, err := readFile(use.Companion)
	if err != nil {
		return err
	}
	c, err := keys.Load(abi.Credential{Chain: text, Key: key})
	if err != nil {
		return fmt.Errorf("%s with %s: %w", use.Path, use.Companion, err)
	}
	if use.Staple == "" {
		return nil
	}
	if text, err = readFile(use.Staple); err != nil {
		return err
	}
	if _, err := keys.ParseStaple(text, c.Chain); err != nil {
		return fmt.Errorf("%s with %s: %w", use.Path, use.Staple, err)
	}
	return nil
}

// checkList looks at a file with certificates, logs or revocations to believe.
func checkList(use policy.FileUse, text []byte) error {
	parse := map[policy.Key]func([]byte) error{
		policy.KeyLogList:         func(b []byte) error { _, err := transparency.ParseList(b); return err },
		policy.KeyRevocationSet:   func(b []byte) error { _, err := revocation.ParseCRLSet(b); return err },
		policy.KeyRevocationLists: revocation.CheckList,
	}[use.Key]
	if parse != nil {
		return parse(text)
	}
	_, err := verify.ParseStore(use.Path, text)
	return err
}

// executable is whether a file is a program, of those that nobody but the administrator can change.
func executable(path string) error {
	f, err := config.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil && info.Mode()&0o111 == 0 {
		err = fmt.Errorf("%s cannot be executed: chmod +x", path)
	}
	return err
}

// fileMax bounds a file that the policy names, in bytes; the largest is a CRLSet.
const fileMax = 16 << 20

func readFile(path string) ([]byte, error) {
	f, err := config.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, fileMax))
}
