// Package client asks ssad on its control socket; what can be asked, and who may, is in package api. The socket is not a
// way to do TLS: programs have the socket calls for that.
package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/securesocketapi/ssa/api"
)

// A Client asks one daemon. It is safe for concurrent use and holds no connection between its calls.
type Client struct {
	path string
	// local leaves out the processes that drain.
	local bool
	http  *http.Client
}

// New makes a client of the socket at a path.
func New(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Sibling makes a client that a daemon asks another process of its own with.
func Sibling(path string) *Client {
	c := New(path)
	c.local, c.http.Timeout = true, siblingTime
	return c
}

const (
	// siblingTime bounds an answer of another process of the daemon.
	siblingTime = 2 * time.Second
	// answerMax bounds one answer in bytes, lineMax one record.
	answerMax = 256 << 20
	lineMax   = 1 << 20
)

// ErrNotRunning is a socket at which nobody answers.
var ErrNotRunning = errors.New("no ssad answers")

// Status asks how the daemon does.
func (c *Client) Status(ctx context.Context) (s api.Status, err error) {
	return s, c.get(ctx, api.PathStatus, &s)
}

// Conns asks for the live connections.
func (c *Client) Conns(ctx context.Context) (list api.Conns, err error) {
	return list, c.get(ctx, api.PathConns, &list)
}

// Explain asks for all that is known of a connection.
func (c *Client) Explain(ctx context.Context, id uint64) (e api.Explanation, err error) {
	return e, c.get(ctx, api.PathExplain+"/"+strconv.FormatUint(id, 10), &e)
}

// Diff asks what a reload would change.
func (c *Client) Diff(ctx context.Context) (d api.Diff, err error) {
	return d, c.get(ctx, api.PathDiff, &d)
}

// Reload has the daemon read its policy. With an error nothing has changed. With enforce, connections that do not comply
// with it are closed.
func (c *Client) Reload(ctx context.Context, enforce bool) (r api.Reloaded, err error) {
	v := url.Values{}
	if enforce {
		v.Set(api.QueryEnforce, "1")
	}
	body, err := c.ask(ctx, http.MethodPost, api.PathReload, v)
	if err != nil {
		return r, err
	}
	return r, decode(body, &r)
}

// Revocations asks what is known of revocations, after fetching it again if that is asked for.
func (c *Client) Revocations(ctx context.Context, update bool) (r api.Revocations, err error) {
	if !update {
		return r, c.get(ctx, api.PathRevocations, &r)
	}
	body, err := c.ask(ctx, http.MethodPost, api.PathUpdate, url.Values{})
	if err != nil {
		return r, err
	}
	return r, decode(body, &r)
}

// Metrics writes the figures for Prometheus.
func (c *Client) Metrics(ctx context.Context, w io.Writer) error {
	body, err := c.ask(ctx, http.MethodGet, api.PathMetrics, url.Values{})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.LimitReader(body, answerMax))
	return errors.Join(err, body.Close())
}

// Query says which records are wanted.
type Query struct {
	// Since leaves out what is older; the zero time leaves out nothing.
	Since time.Time
	// Last bounds the records that are there already, counted from the newest; negative is all.
	Last int
	// Follow goes on with records as they come, until ctx is done or the daemon ends.
	Follow bool
}

// Audit calls fn with the records, oldest first, each also as the line of JSON that it came in. What fn returns ends it.
func (c *Client) Audit(ctx context.Context, q Query, fn func(r api.Record, line []byte) error) error {
	v := url.Values{}
	if !q.Since.IsZero() {
		v.Set(api.QuerySince, q.Since.Format(time.RFC3339Nano))
	}
	if q.Last >= 0 {
		v.Set(api.QueryLast, strconv.Itoa(q.Last))
	}
	if q.Follow {
		v.Set(api.QueryFollow, "1")
	}
	body, err := c.ask(ctx, http.MethodGet, api.PathAudit, v)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		var r api.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("read a record of the audit log: %w", err)
		}
		if err := fn(r, lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (c *Client) get(ctx context.Context, path string, to any) error {
	body, err := c.ask(ctx, http.MethodGet, path, url.Values{})
	if err != nil {
		return err
	}
	return decode(body, to)
}

// ask makes a request. The caller closes the body of an answer that is not an error.
func (c *Client) ask(ctx context.Context, method, path string, v url.Values) (io.ReadCloser, error) {
	if c.local {
		v.Set(api.QueryLocal, "1")
	}
	u := url.URL{Scheme: "http", Host: "ssa", Path: path, RawQuery: v.Encode()}
	q, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	a, err := c.http.Do(q)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if a.StatusCode == http.StatusOK {
		return a.Body, nil
	}
	defer func() { _ = a.Body.Close() }()
	why := &api.Error{}
	if err := json.NewDecoder(io.LimitReader(a.Body, lineMax)).Decode(why); err != nil || why.Text == "" {
		why = &api.Error{Text: "ssad answers " + a.Status}
	}
	return nil, why
}

// unreachable tells a daemon that is not there from one that does not answer as it should.
func (c *Client) unreachable(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w at %s: %w", ErrNotRunning, c.path, op.Err)
	}
	return fmt.Errorf("ask ssad at %s: %w", c.path, err)
}

func decode(body io.ReadCloser, to any) error {
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(io.LimitReader(body, answerMax)).Decode(to); err != nil {
		return fmt.Errorf("read the answer of ssad: %w", err)
	}
	return nil
}
