package revocation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// files are the lists and the CRLSet that the administrator has, read again when they have changed.
type files struct {
	open   func(path string) (*os.File, error)
	lists  []string
	crlSet string

	mu    sync.Mutex
	known map[string]*file
}

// file is what a path held when it was last looked at.
type file struct {
	info os.FileInfo
	// text is the list in DER; it is checked when the issuer is known.
	text    []byte
	set     *CRLSet
	problem error
	// issuer is whose list it says it is; read is what came of checking that.
	issuer []byte
	read   map[digest]checked
}

// checked is a list, or why it is not to be believed.
type checked struct {
	list *record
	err  error
}

func newFiles(c Config) *files {
	return &files{open: c.Open, lists: c.Lists, crlSet: c.CRLSet, known: map[string]*file{}}
}

// refresh looks at all files and says whether any has changed.
func (f *files) refresh() (changed bool) {
	for _, path := range f.lists {
		changed = f.look(path, listMax, (*file).takeList) || changed
	}
	if f.crlSet != "" {
		changed = f.look(f.crlSet, crlSetMax, (*file).takeSet) || changed
	}
	return changed
}

// look reads a file that has changed. What cannot be read is a problem of every question until it can.
func (f *files) look(path string, limit int64, take func(*file, []byte)) bool {
	info, err := os.Stat(path)
	f.mu.Lock()
	was := f.known[path]
	f.mu.Unlock()
	if err == nil && was != nil && was.info != nil && os.SameFile(info, was.info) &&
		info.ModTime().Equal(was.info.ModTime()) && info.Size() == was.info.Size() {
		return false
	}
	is := &file{info: info, read: map[digest]checked{}}
	text, err := f.text(path, limit)
	if err == nil {
		take(is, text)
	} else {
		is.info, is.problem = nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[path] = is
	return was == nil || was.problem == nil || is.problem == nil
}

func (f *files) text(path string, limit int64) ([]byte, error) {
	in, err := f.open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return text, err
}

// takeList takes a list; it is checked once its issuer is met.
func (f *file) takeList(text []byte) {
	der := unarmour(text)
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		f.problem = fmt.Errorf("the list is malformed: %.200q", err.Error())
		return
	}
	f.text, f.issuer = der, crl.RawIssuer
}

// unarmour is the list in DER.
func unarmour(text []byte) []byte {
	if b, _ := pem.Decode(text); b != nil && b.Type == "X509 CRL" {
		return b.Bytes
	}
	return text
}

// CheckList says what is wrong with a file that holds a list, as far as that shows without its issuer.
func CheckList(text []byte) error {
	var f file
	f.takeList(text)
	return f.problem
}

func (f *file) takeSet(text []byte) { f.set, f.problem = ParseCRLSet(text) }

// about is what the files of lists say about a certificate.
func (f *files) about(s subject, now time.Time, age time.Duration) (best finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, path := range f.lists {
		is := f.known[path]
		if is == nil || is.problem != nil {
			best = best.over(failedf("the file %s: %v", path, problem(is)))
			continue
		}
		switch r, err := is.of(s.issuer, path); {
		case err != nil:
			best = best.over(failedf("the file %s: %v", path, err))
		case r != nil:
			best = best.over(r.about(s.cert, now, age))
		}
	}
	return best
}

func problem(f *file) error {
	if f == nil {
		return os.ErrNotExist
	}
	return f.problem
}

// issuersMax bounds the issuers whose relation to a file is remembered.
const issuersMax = 1024

// of is the list if it is this issuer's; nil when it is another's.
func (f *file) of(issuer *x509.Certificate, path string) (*record, error) {
	if !bytes.Equal(f.issuer, issuer.RawSubject) {
		return nil, nil
	}
	key := sha256.Sum256(issuer.Raw)
	c, known := f.read[key]
	if !known {
		c.list, c.err = readList(f.text, issuer)
		if c.err == nil {
			c.list.url = path
		}
		if len(f.read) >= issuersMax {
			clear(f.read)
		}
		f.read[key] = c
	}
	return c.list, c.err
}

// crlSetAbout is what the CRLSet says about a certificate.
func (f *files) crlSetAbout(s subject, now time.Time) finding {
	if f.crlSet == "" {
		return finding{}
	}
	f.mu.Lock()
	is := f.known[f.crlSet]
	f.mu.Unlock()
	if is == nil || is.problem != nil {
		return failedf("the CRLSet %s: %v", f.crlSet, problem(is))
	}
	return is.set.about(s, now)
}
