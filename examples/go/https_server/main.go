// Command https_server answers over HTTP/1.1 and HTTP/2: https_server ADDRESS CHAIN-FILE KEY-FILE. Run it under `ssa run`.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/securesocketapi/ssa"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: https_server ADDRESS CHAIN-FILE KEY-FILE")
		os.Exit(2)
	}
	if err := serve(os.Args[1], ssa.Certificate{Chain: os.Args[2], Key: os.Args[3]}); err != nil {
		fmt.Fprintln(os.Stderr, "https_server:", err)
		os.Exit(1)
	}
}

func serve(address string, own ssa.Certificate) error {
	config := ssa.ListenConfig{Options: ssa.Options{Certificates: []ssa.Certificate{own}, ALPN: []string{"h2", "http/1.1"}}}
	l, err := config.Listen(context.Background(), "tls", address)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stdout, "listening on", l.Addr())
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "hello over %s, for %s\n", r.Proto, r.TLS.ServerName)
	})
	return ssa.Serve(&http.Server{Handler: hello}, l)
}
