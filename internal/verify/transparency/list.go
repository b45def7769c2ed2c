package transparency

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Bounds of a log list. The lists of the browsers have some 100 KiB and 60 logs.
const (
	// ListMax is the most bytes a log list may have.
	ListMax = 4 << 20
	logsMax = 4096
)

// A List is a checked log list.
type List struct {
	logs map[[sha256.Size]byte]*log
	made time.Time
}

// Logs is how many logs are in the list, those included that no longer count.
func (l *List) Logs() int { return len(l.logs) }

// Made is when the list was made, as it says; the zero time when it does not.
func (l *List) Made() time.Time { return l.made }

// log is one log of the list.
type log struct {
	operator, name string
	key            crypto.PublicKey
	state          state
	// since is when it went into its state.
	since time.Time
	// from and to are the ends of validity of the certificates it takes; zero for any.
	from, to time.Time
}

// state is the place of a log in its life.
type state string

// The states of the format.
const (
	pending   state = "pending"
	qualified state = "qualified"
	usable    state = "usable"
	readonly  state = "readonly"
	retired   state = "retired"
	rejected  state = "rejected"
)

// The format, version 3 of the log lists (https://www.gstatic.com/ct/log_list/v3/log_list_schema.json), as far as it is
// read here. Other fields are passed over: the format grows.
type rawList struct {
	Made      time.Time     `json:"log_list_timestamp"`
	Operators []rawOperator `json:"operators"`
}

type rawOperator struct {
	Name string   `json:"name"`
	Logs []rawLog `json:"logs"`
	// Tiled are the logs with the newer reading interface; their timestamps are the same.
	Tiled []rawLog `json:"tiled_logs"`
}

type rawLog struct {
	Description string             `json:"description"`
	ID          []byte             `json:"log_id"`
	Key         []byte             `json:"key"`
	States      map[state]rawState `json:"state"`
	Interval    *rawInterval       `json:"temporal_interval"`
}

type rawState struct {
	Timestamp time.Time `json:"timestamp"`
}

type rawInterval struct {
	Start time.Time `json:"start_inclusive"`
	End   time.Time `json:"end_exclusive"`
}

// ParseList reads a log list, at most ListMax bytes. Everything that counts must be right, so that a damaged list is
// noticed when it is loaded and not when the first peer is refused.
func ParseList(text []byte) (*List, error) {
	if len(text) > ListMax {
		return nil, fmt.Errorf("a log list of more than %d bytes", ListMax)
	}
	var raw rawList
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("not a log list: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a log list: something follows it")
	}
	l := &List{logs: map[[sha256.Size]byte]*log{}, made: raw.Made}
	for _, o := range raw.Operators {
		if err := l.add(o); err != nil {
			return nil, err
		}
	}
	if len(l.logs) == 0 {
		return nil, errors.New("a log list without logs")
	}
	return l, nil
}

// add takes the logs of an operator.
func (l *List) add(o rawOperator) error {
	if o.Name == "" {
		return errors.New("the log list has an operator without a name")
	}
	for _, raw := range append(o.Logs, o.Tiled...) {
		if len(l.logs) == logsMax {
			return fmt.Errorf("the log list has more than %d logs", logsMax)
		}
		one, id, err := raw.check(o.Name)
		if err != nil {
			return fmt.Errorf("log %.80q of %.80q: %w", raw.Description, o.Name, err)
		}
		if l.logs[id] != nil {
			return fmt.Errorf("log %.80q of %.80q is in the log list twice", raw.Description, o.Name)
		}
		l.logs[id] = one
	}
	return nil
}

// check reads one log. Its identifier must be that of its key (RFC 6962, section 3.2).
func (r rawLog) check(operator string) (*log, [sha256.Size]byte, error) {
	id := sha256.Sum256(r.Key)
	if !bytes.Equal(id[:], r.ID) {
		return nil, id, errors.New("log_id is not the SHA-256 of key")
	}
	key, err := x509.ParsePKIXPublicKey(r.Key)
	if err != nil {
		return nil, id, fmt.Errorf("key: %w", err)
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, id, fmt.Errorf("an RSA key of %d bits", k.N.BitLen())
		}
	default:
		return nil, id, errors.New("a key that is neither ECDSA nor RSA")
	}
	l := &log{operator: operator, name: r.Description, key: key}
	if l.state, l.since, err = r.state(); err != nil {
		return nil, id, err
	}
	if r.Interval != nil {
		l.from, l.to = r.Interval.Start, r.Interval.End
		if !l.from.Before(l.to) {
			return nil, id, errors.New("a temporal_interval that ends before it begins")
		}
	}
	return l, id, nil
}

// state is the one state a log is in. One without is for tests, or not known to the list's maker yet: it counts for nothing.
func (r rawLog) state() (state, time.Time, error) {
	if len(r.States) == 0 {
		return pending, time.Time{}, nil
	}
	if len(r.States) > 1 {
		return "", time.Time{}, fmt.Errorf("%d states instead of one", len(r.States))
	}
	for s, at := range r.States {
		switch s {
		case pending, qualified, usable, readonly, retired, rejected:
			return s, at.Timestamp, nil
		}
		return "", time.Time{}, fmt.Errorf("an unknown state %.40q", s)
	}
	return "", time.Time{}, nil
}
