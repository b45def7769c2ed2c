package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Revocations are what the administrator knows of revocations, and how old what others say may be.
type Revocations struct {
	// Lists are files with revocation lists; CRLSet is one with a CRLSet of Chromium, empty when there is none.
	Lists  []string
	CRLSet string
	// Age bounds how long ago an answer may have been made; 0 is as long as its issuer says it holds.
	Age time.Duration
}

// Fetching is where judges may fetch from what certificates name.
type Fetching struct {
	// Allow are addresses that may be fetched from although they are not of the Internet.
	Allow []netip.Prefix
	Ports []uint16
	// Proxy is the URL of an HTTP proxy, empty when there is none.
	Proxy string
}

// showList is the elements as the files have them, with spaces between.
func showList[T any](list []T) string {
	var words []string
	for _, x := range list {
		words = append(words, fmt.Sprint(x))
	}
	return strings.Join(words, " ")
}
