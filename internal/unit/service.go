package unit

import "slices"

// A Service is what the files of a service say, put on top of each other.
type Service struct {
	Name string
	// Files are those that were read, in the order in which they count.
	Files []string

	settings map[string]string
	commands []command
}

// Find reads a service from the files below root, without its drop-in for ssa run.
func Find(root, name string) (*Service, error) {
	own, err := fragment(root, name)
	if err != nil {
		return nil, err
	}
	more, err := dropIns(root, name, DropInName)
	if err != nil {
		return nil, err
	}
	s := &Service{Name: name, settings: map[string]string{}}
	for _, file := range append([]source{own}, more...) {
		s.Files = append(s.Files, file.path)
		for _, a := range parse(file.text) {
			s.assign(a)
		}
	}
	return s, nil
}

// accumulating are the keys whose values add up; an empty one takes back those before it.
func accumulating() []string { return []string{"SystemCallFilter", "RestrictAddressFamilies"} }

func (s *Service) assign(a assignment) {
	switch {
	case a.section != "Service":
	case a.key == "ExecStart" && a.value == "":
		s.commands = nil
	case a.key == "ExecStart":
		s.commands = append(s.commands, parseCommand(a.value))
	case a.value != "" && slices.Contains(accumulating(), a.key):
		s.settings[a.key] += " " + a.value
	default:
		s.settings[a.key] = a.value
	}
}

// kind is the type of the service; systemd.service(5) says what it is when it is not set.
func (s *Service) kind() string {
	switch {
	case s.settings["Type"] != "":
		return s.settings["Type"]
	case s.settings["BusName"] != "":
		return "dbus"
	}
	return "simple"
}
