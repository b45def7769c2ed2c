// Package starttls talks a server of a protocol that begins in the clear into TLS. It does no TLS itself, and believes
// nothing that it reads but the answer to its request.
package starttls
