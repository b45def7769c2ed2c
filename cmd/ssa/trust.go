package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/verify"
)

func trustCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "trust",
		Short: "Show and change the administrator's additions to the system's trust store",
		Long: "The additions are the files *.pem in " + verify.Additions + ". Whoever is judged by the system's trust store is judged by both.\n" +
			"ssad takes a change up when it reads its policy again: ssa policy reload.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(trustListCommand(), trustAddCommand(), trustRemoveCommand(), trustDiffCommand())
	return c
}

// anchorJSON is one trusted certificate.
type anchorJSON struct {
	Name    string    `json:"name"`
	Subject string    `json:"subject"`
	Until   time.Time `json:"until"`
	SHA256  string    `json:"sha256"`
	// Note says what is odd about it.
	Note string `json:"note,omitempty"`
}

func anchor(name string, c *x509.Certificate) anchorJSON {
	sum := sha256.Sum256(c.Raw)
	a := anchorJSON{Name: name, Subject: c.Subject.String(), Until: c.NotAfter, SHA256: hex.EncodeToString(sum[:])}
	switch {
	case time.Now().After(c.NotAfter):
		a.Note = "has expired"
	case !c.IsCA:
		a.Note = "is no authority"
	}
	return a
}

func additions() ([]verify.Addition, error) {
	return verify.ReadAdditions(verify.SystemConfig{Additions: verify.Additions, Open: config.Open})
}

func trustListCommand() *cobra.Command {
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the additions",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list := []anchorJSON{}
			more, err := additions()
			if err != nil {
				return err
			}
			for _, a := range more {
				for _, c := range a.Certs {
					list = append(list, anchor(strings.TrimSuffix(filepath.Base(a.Path), ".pem"), c))
				}
			}
			if all {
				_, base, err := verify.ReadSystem(verify.SystemPaths())
				if err != nil {
					return err
				}
				for _, c := range base {
					list = append(list, anchor("(system)", c))
				}
			}
			return writeAnchors(list, asJSON)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also those of the system's trust store")
	jsonFlag(c, &asJSON)
	return c
}

func writeAnchors(list []anchorJSON, asJSON bool) error {
	if asJSON {
		return writeJSON(list)
	}
	table := newRows(os.Stdout)
	table.add("NAME", "SUBJECT", "UNTIL", "SHA256", "NOTE")
	for _, a := range list {
		table.add(a.Name, a.Subject, a.Until.UTC().Format(time.DateOnly), a.SHA256, a.Note)
	}
	return table.flush()
}

func trustAddCommand() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:     "add FILE [flags]",
		Short:   "Trust the authorities in a PEM file for everything the system's trust store is for",
		Example: "  ssa trust add corporate-ca.pem",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := authorities(args[0])
			if err != nil {
				return err
			}
			if name == "" {
				name = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			file, err := trustFile(name)
			if err != nil {
				return err
			}
			path, err := config.Create(verify.Additions, file, text)
			if errors.Is(err, os.ErrExist) {
				return fmt.Errorf("%s is trusted already\nhint: ssa trust remove %s", name, name)
			}
			if err != nil {
				return fmt.Errorf("add to the trust store: %w", err)
			}
			_, err = fmt.Fprintln(os.Stdout, path)
			return err
		},
	}
	c.Flags().StringVar(&name, "name", "", "`NAME` of the addition (default: that of the file)")
	return c
}

// authorities are the certificates of a file, and nothing else of it, as they are stored. Each must be an authority.
func authorities(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return "", fmt.Errorf("%s holds a %s; only certificates can be trusted", path, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		if !c.IsCA {
			return "", fmt.Errorf("%s: %s is no authority; believe a single server by its key: ssa verify HOST:PORT", path, c.Subject)
		}
		fmt.Fprintf(&out, "# %s\n", printable(c.Subject.String()))
		if err := pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}); err != nil {
			return "", err
		}
	}
	if out.Len() == 0 {
		return "", fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return out.String(), nil
}

// trustFile is the name of an addition's file.
func trustFile(name string) (string, error) {
	if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/*?[\\\x00\n") || len(name) > 64 {
		return "", fmt.Errorf("%q is no name for an addition: up to 64 bytes without \"/\" and wildcards", name)
	}
	return name + ".pem", nil
}

func trustRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Trust an addition no longer",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := trustFile(strings.TrimSuffix(args[0], ".pem"))
			if err != nil {
				return err
			}
			path := filepath.Join(verify.Additions, file)
			if err := os.Remove(path); err != nil {
				if errors.Is(err, os.ErrNotExist) {
					return fmt.Errorf("there is no addition %s\nhint: see ssa trust list", args[0])
				}
				return fmt.Errorf("remove from the trust store: %w", err)
			}
			_, err = fmt.Fprintln(os.Stdout, path)
			return err
		},
	}
}

func trustDiffCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "diff [FILE]",
		Short: "Show what the additions, or another bundle, have that the system's trust store does not",
		Long: "Without FILE: which additions the system's trust store lacks (+), and which it has by itself (=).\n" +
			"With FILE: what that bundle has more (+) and less (-) than what is trusted now.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := trustDiff(args)
			if err != nil {
				return err
			}
			return writeAnchors(list, asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// trustDiff compares the additions with the system's store, or a file with both.
func trustDiff(args []string) ([]anchorJSON, error) {
	_, system, err := verify.ReadSystem(verify.SystemPaths())
	if err != nil {
		return nil, err
	}
	more, err := additions()
	if err != nil {
		return nil, err
	}
	list := []anchorJSON{}
	if len(args) == 0 {
		for _, a := range more {
			for _, c := range a.Certs {
				mark := "+ "
				if slices.ContainsFunc(system, c.Equal) {
					mark = "= "
				}
				list = append(list, anchor(mark+strings.TrimSuffix(filepath.Base(a.Path), ".pem"), c))
			}
		}
		return list, nil
	}
	other, err := verify.ReadAdditions(verify.SystemConfig{Additions: filepath.Dir(args[0])})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(other, func(a verify.Addition) bool { return filepath.Base(a.Path) == filepath.Base(args[0]) })
	if i < 0 {
		return nil, fmt.Errorf("%s: there is no such file *.pem", args[0])
	}
	now := system
	for _, a := range more {
		now = append(now, a.Certs...)
	}
	return append(lacking("+ ", other[i].Certs, now), lacking("- ", now, other[i].Certs)...), nil
}

// lacking are the certificates of the first list that the second lacks.
func lacking(mark string, have, lack []*x509.Certificate) (list []anchorJSON) {
	for _, c := range have {
		if !slices.ContainsFunc(lack, c.Equal) {
			list = append(list, anchor(strings.TrimSpace(mark), c))
		}
	}
	return list
}
