package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
)

func notaryCommand() *cobra.Command {
	var inside []string
	n := daemon.NotaryConfig{Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), Ready: introduce}
	c := &cobra.Command{
		Use:   "notary --cert FILE --key FILE [flags]",
		Short: "Tell others which certificates servers show here",
		Long: "Be a notary: look at TLS servers for others who want to know whether they see the same (validation.notaries in\n" +
			"ssa-policy(5)). It is known by the key of its certificate alone, and writes to standard output what goes into\n" +
			"the policy of those who ask. It looks at servers of the Internet only, remembers in memory, and runs until\n" +
			"SIGINT or SIGTERM.",
		Example: "  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=notary -keyout key.pem -out cert.pem\n" +
			"  ssa notary --listen :4433 --cert cert.pem --key key.pem",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if n.Chain == "" || n.Key == "" {
				return errors.New("notary: give --cert and --key\nhint: any certificate does; see `ssa notary --help` for one of your own")
			}
			for _, text := range inside {
				p, err := netip.ParsePrefix(text)
				if err != nil {
					return fmt.Errorf("--allow-inside=%s: write a prefix, as 10.0.0.0/8", text)
				}
				n.Allow = append(n.Allow, p.Masked())
			}
			ctx, stop := signal.NotifyContext(c.Context(), linux.SIGINT, linux.SIGTERM)
			defer stop()
			return daemon.RunNotary(ctx, n)
		},
	}
	c.Flags().StringVar(&n.Listen, "listen", ":4433", "listen at `ADDRESS`")
	c.Flags().StringVar(&n.Chain, "cert", "", "certificate chain, a PEM `FILE`")
	c.Flags().StringVar(&n.Key, "key", "", "private key, a PEM `FILE`")
	c.Flags().StringArrayVar(&inside, "allow-inside", nil, "look also at servers in `PREFIX`, which is not of the Internet; may be repeated")
	return c
}

// introduce says how the policy of those who ask names this notary.
func introduce(address string, key policy.Pin) error {
	_, err := fmt.Fprintf(os.Stdout, "[[validation.notaries.notary]]\nname = \"notary\"\naddress = %q\nsha256 = %q\n", address, key)
	return err
}
