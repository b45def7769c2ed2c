package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// What an error of Fetch may be besides one of the network; errors.Is tells.
var (
	// ErrForbidden: the address is one that must not be fetched from.
	ErrForbidden = errors.New("fetching from there is forbidden")
	// ErrBusy: too many fetches are under way.
	ErrBusy = errors.New("too many fetches at a time")
	// ErrTooLarge: the document is longer than the request allows.
	ErrTooLarge = errors.New("the document is too large")
)

// Config is what a Fetcher may do. The zero value of a field is the default.
type Config struct {
	// Allow are addresses to fetch from although they are not of the Internet.
	Allow []netip.Prefix
	// Ports are the ports to fetch from; 80 and 443 by default.
	Ports []uint16
	// Proxy is an HTTP proxy for all fetches; none by default, whatever the environment says. It resolves the names, so
	// it has to keep requests from where they must not go.
	Proxy *url.URL
	// Timeout bounds a fetch from the wait for a place to the last byte; 10 seconds by default.
	Timeout time.Duration
	// Concurrent bounds the fetches under way, 8 by default; PerHost those from one host, 4 by default; Queue those that
	// wait for a place, 64 by default.
	Concurrent, PerHost, Queue int
}

// A Request is what to fetch.
type Request struct {
	URL string
	// Body, when not nil, is sent with POST.
	Body []byte
	// Type is the media type of the body, Accept that of the answer.
	Type, Accept string
	// Max bounds the answer in bytes.
	Max int64
}

// redirectsMax is how often an answer may send us elsewhere.
const redirectsMax = 3

// headerMax bounds the header of an answer in bytes.
const headerMax = 16 << 10

// A Fetcher fetches. It is safe for concurrent use.
type Fetcher struct {
	c      Config
	places *places
	client *http.Client
}

// New makes a Fetcher.
func New(c Config) *Fetcher {
	c = c.withDefaults()
	f := &Fetcher{c: c, places: newPlaces(c)}
	t := &http.Transport{
		DialContext:            f.dial,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headerMax,
	}
	if c.Proxy != nil {
		t.Proxy = http.ProxyURL(c.Proxy)
	}
	f.client = &http.Client{Transport: t, CheckRedirect: f.redirect}
	return f
}

func (c Config) withDefaults() Config {
	if c.Ports == nil {
		c.Ports = []uint16{80, 443}
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	for n, or := range map[*int]int{&c.Concurrent: 8, &c.PerHost: 4, &c.Queue: 64} {
		if *n == 0 {
			*n = or
		}
	}
	return c
}

// redirect checks where an answer sends us; never from https to http.
func (f *Fetcher) redirect(to *http.Request, via []*http.Request) error {
	if len(via) > redirectsMax {
		return fmt.Errorf("%w: more than %d redirects", ErrForbidden, redirectsMax)
	}
	if via[len(via)-1].URL.Scheme == "https" && to.URL.Scheme != "https" {
		return fmt.Errorf("%w: a redirect from https to %s", ErrForbidden, to.URL.Scheme)
	}
	to.Header.Del("Referer")
	return f.check(to.URL)
}

// Fetch gets a document: an answer with status 200 and at most r.Max bytes.
func (f *Fetcher) Fetch(ctx context.Context, r Request) ([]byte, error) {
	u, err := f.parse(r.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.c.Timeout)
	defer cancel()
	leave, err := f.places.take(ctx, u.Host)
	if err != nil {
		return nil, err
	}
	defer leave()
	return f.exchange(ctx, u, r)
}

func (f *Fetcher) exchange(ctx context.Context, u *url.URL, r Request) ([]byte, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if r.Body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.Body)
	}
	q, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%w: %.300q", ErrForbidden, u)
	}
	q.Header.Set("User-Agent", "ssa")
	for name, value := range map[string]string{"Content-Type": r.Type, "Accept": r.Accept} {
		if value != "" {
			q.Header.Set(name, value)
		}
	}
	answer, err := f.client.Do(q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read as far as it counts
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %.300q: the server says %.40q", u, answer.Status)
	}
	return readBody(u, answer, r.Max)
}

func readBody(u *url.URL, answer *http.Response, limit int64) ([]byte, error) {
	if answer.ContentLength > limit {
		return nil, fmt.Errorf("fetch %.300q: %w: %d bytes; at most %d are read", u, ErrTooLarge, answer.ContentLength, limit)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %.300q: %w", u, err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("fetch %.300q: %w: at most %d bytes are read", u, ErrTooLarge, limit)
	}
	return text, nil
}
