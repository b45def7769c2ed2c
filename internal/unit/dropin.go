package unit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// DropInName is the name of the drop-in: behind those of others, so that none of them replaces what it starts.
const DropInName = "zz-ssa.conf"

// header tells our drop-in from somebody else's file of that name.
const header = "# Written by `ssa enable`; `ssa disable` removes it. After a change of the unit run `ssa enable` again.\n"

// calls are the system calls of a supervisor that the usual filters of services leave out (systemd.exec(5),
// SystemCallFilter).
const calls = "seccomp pidfd_open pidfd_getfd process_vm_readv process_vm_writev"

// DropIn is the text of the drop-in that starts the service with the program ssa. It says why when that cannot work.
func (s *Service) DropIn(ssa string) (string, error) {
	if !regexp.MustCompile(`^/[\w./+-]+$`).MatchString(ssa) {
		return "", fmt.Errorf("the path %q of ssa cannot stand in a unit", ssa)
	}
	if err := s.possible(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(header + "[Unit]\nWants=ssad.socket\nAfter=ssad.socket\n\n[Service]\nExecStart=\n")
	for _, c := range s.commands {
		if err := c.possible(ssa); err != nil {
			return "", fmt.Errorf("ExecStart=%s%s: %w", c.prefixes, c.line, err)
		}
		fmt.Fprintf(&b, "ExecStart=%s%s run -- %s\n", c.prefixes, ssa, c.line)
	}
	if s.notifies() && s.settings["NotifyAccess"] != "all" {
		b.WriteString("# The program that notifies is not the process that systemd has started.\nNotifyAccess=all\n")
	}
	if s.settings["SystemCallFilter"] != "" {
		b.WriteString("SystemCallFilter=" + calls + "\n")
	}
	if s.settings["RestrictAddressFamilies"] != "" {
		b.WriteString("RestrictAddressFamilies=AF_UNIX AF_NETLINK\n")
	}
	return b.String(), nil
}

// notifies says whether the service tells systemd of itself (sd_notify(3)).
func (s *Service) notifies() bool {
	watchdog := s.settings["WatchdogSec"]
	return strings.HasPrefix(s.kind(), "notify") || watchdog != "" && watchdog != "0"
}

// possible says what of the service as a whole is in the way.
func (s *Service) possible() error {
	if len(s.commands) == 0 {
		return errors.New("it has no ExecStart, so that there is nothing to start")
	}
	types := []string{"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}
	if !slices.Contains(types, s.kind()) {
		return fmt.Errorf("it has Type=%s, which is not known", s.kind())
	}
	if s.kind() == "forking" && s.settings["PIDFile"] == "" {
		return errors.New("it has Type=forking without PIDFile: systemd could not tell the program from its supervisor\n" +
			"hint: set PIDFile=, or have the program stay in the foreground with Type=simple")
	}
	for _, key := range []string{"RootDirectory", "RootImage"} {
		if v := s.settings[key]; v != "" && v != "/" {
			return fmt.Errorf("%s=%s: ssa is not there", key, v)
		}
	}
	return nil
}

// possible says what of a command is in the way.
func (c command) possible(ssa string) error {
	words, err := c.words()
	switch {
	case err != nil:
		return err
	case len(words) == 0:
		return errors.New("there is no command")
	case strings.Contains(c.prefixes, "@"):
		return errors.New("the prefix @ gives the program a name that ssa run cannot give it")
	case strings.Contains(c.prefixes, "|"):
		return errors.New("the prefix | has a shell run the command, which ssa run cannot stand before")
	case slices.Contains(words, ";"):
		return errors.New("several commands in one line: give each an ExecStart of its own")
	case len(words) > 1 && words[1] == "run" && (words[0] == ssa || filepath.Base(words[0]) == "ssa"):
		return errors.New("it starts under ssa run already")
	}
	return nil
}

// path is where the drop-in of a unit is.
func path(root, name string) string {
	return filepath.Join(root, "/etc/systemd/system", name+".d", DropInName)
}

// errForeign is a file in the place of the drop-in that somebody else has written.
var errForeign = errors.New("it was not written by ssa enable")

// Enable writes the drop-in of a unit. changed is false when it was there, with the same text.
func Enable(root, name, text string) (file string, changed bool, err error) {
	file = path(root, name)
	before, err := os.ReadFile(file)
	switch {
	case err == nil && string(before) == text:
		return file, false, nil
	case err == nil && !strings.HasPrefix(string(before), header):
		return file, false, fmt.Errorf("%s: %w", file, errForeign)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return file, false, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return file, false, err
	}
	fresh := file + ".new"
	if err := os.WriteFile(fresh, []byte(text), 0o644); err != nil {
		return file, false, err
	}
	return file, true, os.Rename(fresh, file)
}

// Disable removes the drop-in of a unit. changed is false when there is none.
func Disable(root, name string) (file string, changed bool, err error) {
	file = path(root, name)
	before, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return file, false, nil
	case err != nil:
		return file, false, err
	case !strings.HasPrefix(string(before), header):
		return file, false, fmt.Errorf("%s: %w", file, errForeign)
	}
	if err := os.Remove(file); err != nil {
		return file, false, err
	}
	_ = os.Remove(filepath.Dir(file)) // unless it has other files
	return file, true, nil
}
