package notary

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ask asks one notary.
func (j *Judge) ask(ctx context.Context, n Notary, host string, port uint16) (Report, error) {
	c, err := j.config.Dial(ctx, n)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	u := url.URL{Scheme: "https", Host: n.Address, Path: Path, RawQuery: url.Values{
		"host": {host}, "port": {strconv.Itoa(int(port))},
	}.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Report{}, err
	}
	request.Close = true
	request.Header.Set("User-Agent", "ssa")
	if err := request.Write(c); err != nil {
		return Report{}, err
	}
	body, err := answer(io.LimitReader(c, AnswerMax), request)
	if err != nil {
		return Report{}, err
	}
	return Decode(body, host, port)
}

// answer reads the answer to a request. What is longer than it may be ends too early.
func answer(in io.Reader, request *http.Request) ([]byte, error) {
	response, err := http.ReadResponse(bufio.NewReader(in), request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusForbidden {
		return nil, errBlind
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.100q", response.StatusCode, body)
	}
	return body, nil
}

// errBlind is a server that the notary will not look at.
var errBlind = errors.New("it does not look at this server")
