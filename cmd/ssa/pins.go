package main

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

func pinsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "pins",
		Short: "Show and forget the keys that hosts must have",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(pinsListCommand(), pinsForgetCommand())
	return c
}

// stateDirFlag adds the flag that names the store.
func stateDirFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "state-dir", "", "keys are kept in `DIR` (default: ssad's where it can be read, else your own)")
}

// pinRow is one pin.
type pinRow struct {
	Host string `json:"host"`
	Key  string `json:"key_sha256"`
	// UID and Since are of a key that was kept, From of one that the policy has.
	UID   *int   `json:"uid,omitempty"`
	Since string `json:"since,omitempty"`
	From  string `json:"from,omitempty"`
}

func pinsListCommand() *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the pins of the policy and the keys kept of first connections",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := allPins(dir)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(all)
			}
			table := newRows(os.Stdout)
			table.add("HOST", "KEY (sha256)", "USER", "FROM")
			for _, p := range all {
				user := ""
				if p.UID != nil {
					user = strconv.Itoa(*p.UID)
				}
				table.add(p.Host, p.Key, user, cmp.Or(p.From, "first connection on "+p.Since))
			}
			return table.flush()
		},
	}
	stateDirFlag(c, &dir)
	jsonFlag(c, &asJSON)
	return c
}

// allPins are those of the policy, in its order, and then those kept, by host.
func allPins(dir string) ([]pinRow, error) {
	p, err := loaded()
	if err != nil {
		return nil, err
	}
	all := []pinRow{}
	for _, h := range p.PinnedHosts() {
		for _, pin := range h.Pins {
			all = append(all, pinRow{Host: h.Pattern.String(), Key: pin.String(), From: h.Source.String()})
		}
	}
	store, err := daemon.KeptPins(dir)
	if err != nil {
		return nil, err
	}
	kept, err := store.All()
	if err != nil {
		return nil, fmt.Errorf("read the keys of first connections: %w", err)
	}
	first := len(all)
	for place, k := range kept {
		all = append(all, pinRow{
			Host: net.JoinHostPort(place.Host, strconv.Itoa(int(place.Port))), Key: k.Pin.String(), UID: &place.UID,
			Since: k.Since.Format(time.DateOnly),
		})
	}
	slices.SortFunc(all[first:], func(a, b pinRow) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(*a.UID, *b.UID)) })
	return all, nil
}

func pinsForgetCommand() *cobra.Command {
	var dir, user string
	var all bool
	c := &cobra.Command{
		Use:   "forget [HOST[:PORT]...] [flags]",
		Short: "Forget the keys of first connections to hosts, so that the next one counts",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 != all {
				return fmt.Errorf("pins forget needs hosts, or --all")
			}
			uid := -1
			if user != "" {
				var err error
				if uid, err = userID(user); err != nil {
					return err
				}
			}
			store, err := daemon.KeptPins(dir)
			if err != nil {
				return err
			}
			n, err := store.Forget(func(p pins.Place) bool { return (uid < 0 || p.UID == uid) && (all || named(args, p)) })
			if err != nil {
				return err
			}
			if n == 0 && !all {
				return fmt.Errorf("no key of a first connection is kept for %s\nhint: a pin of the policy is changed there; see ssa pins list", strings.Join(args, ", "))
			}
			_, err = fmt.Fprintf(os.Stdout, "forgot %d\n", n)
			return err
		},
	}
	c.Flags().BoolVar(&all, "all", false, "forget all of them")
	c.Flags().StringVar(&user, "user", "", "only those of the programs of a `USER`")
	stateDirFlag(c, &dir)
	return c
}

// named says whether one of the words is a place, with or without its port.
func named(words []string, p pins.Place) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		w = strings.ToLower(w)
		return w == p.Host || w == net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
	})
}
