package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/securesocketapi/ssa/internal/linux"
)

// DefaultUser is whom ssad runs as when root starts it.
const DefaultUser = "ssad"

// unprivileged is whom it runs as when there is no such user.
const unprivileged = "nobody"

// account is whom the roles run as.
type account struct {
	uid, gid int
	// change says that they are started by root.
	change bool
}

// runAs finds the account. Who is not root stays what he is.
func runAs(name string, logger *slog.Logger) (account, error) {
	if os.Geteuid() != 0 {
		if name != "" {
			return account{}, fmt.Errorf("--user=%s: only root can run as somebody else", name)
		}
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	wanted := name
	if wanted == "" {
		wanted = DefaultUser
	}
	u, err := user.Lookup(wanted)
	if missing := (user.UnknownUserError)(""); name == "" && errors.As(err, &missing) {
		logger.Warn("there is no user " + DefaultUser + "; running as " + unprivileged + ". Create it: systemd-sysusers, or adduser --system")
		u, err = user.Lookup(unprivileged)
	}
	if err != nil {
		return account{}, fmt.Errorf("find the user to run as: %w", err)
	}
	a := account{change: true}
	if a.uid, err = strconv.Atoi(u.Uid); err == nil {
		a.gid, err = strconv.Atoi(u.Gid)
	}
	return a, err
}

// attributes are those of a process with this account and no capabilities but these.
func (a account) attributes(capabilities []int) *linux.ProcAttr {
	if !a.change {
		return linux.Unprivileged(capabilities)
	}
	return linux.PrivilegesOf(a.uid, a.gid, capabilities)
}

// subDir makes a directory of the account's in one of its own.
func (a account) subDir(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	return path, a.ownDir(path)
}

// ownDir makes a directory that only the account can enter.
func (a account) ownDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	if !a.change {
		return nil
	}
	if err := os.Chown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give the state directory to uid %d: %w", a.uid, err)
	}
	return os.Chmod(path, 0o700)
}
