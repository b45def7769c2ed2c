// Package revocation judges whether the certificates of a peer have been revoked. It knows no connection and no policy.
//
// The life of a question:
//
//  1. judge.go looks at each path: every certificate but the anchor is checked, with the one that issued it. One path
//     in which nothing is revoked is enough.
//  2. consult.go asks what is at hand: the stapled response (staple.go), lists and the CRLSet that the administrator
//     has in files (files.go, crlset.go), and what was fetched before (store.go). Anything that says revoked counts,
//     even when something else says good or when it is no longer fresh.
//  3. What nobody answers is fetched (flight.go): from the certificate's OCSP responders (ocsp.go), then from its
//     distribution points (list.go). The question waits for that no longer than its judge may take; the fetch goes on
//     and answers the next question. A fetch that fails is not repeated for a while.
//  4. refresh.go fetches again what is in use before it is stale, and reads files that have changed. When something
//     says revoked that did not before, Changes has a value.
//
// Whatever says something is believed only after its signature has been checked with the key of the certificate's
// issuer, or of a responder that this issuer has authorized; also when it comes from the cache on disk (entry.go).
// Nonces are not used (RFC 5019), delta lists and indirect lists are refused, and a delegated responder's own
// certificate is not checked for revocation (RFC 6960, section 4.2.2.2.1, asks for short-lived ones instead).
package revocation
