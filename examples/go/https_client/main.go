// Command https_client fetches a page over TLS: https_client URL [CA-FILE]. Run it under `ssa run`.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/securesocketapi/ssa"
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: https_client URL [CA-FILE]")
		os.Exit(2)
	}
	t := &ssa.Transport{}
	if len(os.Args) == 3 {
		t.Dialer.TrustedPeerCertificates = os.Args[2]
	}
	if err := fetch(&http.Client{Transport: t}, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "https_client:", err)
		os.Exit(1)
	}
}

func fetch(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Fprintln(os.Stderr, response.Proto, response.Status, "from", response.TLS.PeerCertificates[0].Subject)
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
