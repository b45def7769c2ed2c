package api

import "time"

// Revocations are what is known of revoked certificates.
type Revocations struct {
	Sources []RevocationSource `json:"sources"`
	// Problems are what could not be fetched again, when that was asked for.
	Problems []string `json:"problems,omitempty"`
}

// A RevocationSource is something that says which certificates are revoked, as it is known.
type RevocationSource struct {
	// Kind is "ocsp", "crl", "crl file" or "crlset file".
	Kind string `json:"kind"`
	// Source is the address it is fetched from, or the path of a file.
	Source string `json:"source"`
	// Issuer is whose certificates it is about; Serial, in hexadecimal, is that of the certificate a response is about.
	Issuer string `json:"issuer,omitempty"`
	Serial string `json:"serial,omitempty"`
	// Says is what a response says, or how many certificates a list revokes.
	Says string `json:"says,omitempty"`
	// Made and Until are between when it holds, by its maker. Fetched is when it came, Used when a question needed it last.
	Made    time.Time `json:"made,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Fetched time.Time `json:"fetched,omitzero"`
	Used    time.Time `json:"used,omitzero"`
	// Problem is why it is of no use; empty when it is.
	Problem string `json:"problem,omitempty"`
}
