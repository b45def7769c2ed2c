package daemon

import (
	"errors"
	"log/slog"
	"os"
	"strings"

	"github.com/securesocketapi/ssa/internal/verify"
)

// TrustStore is the file whose certificates an embedded service trusts.
func TrustStore() (string, error) {
	_, files, err := loadPolicy(slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	if files == nil {
		files = verify.SystemPaths()
	}
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			return f, nil
		}
	}
	return "", errors.New("there is none of " + strings.Join(files, ", ") +
		"; clients can only use TLS_TRUSTED_PEER_CERTIFICATES (Debian: apt-get install ca-certificates)")
}
