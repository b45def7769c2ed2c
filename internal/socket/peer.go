package socket

import "unique"

// A Peer is who is at the other end of a connection, by its certificates; the zero Peer has shown none. Equal ones are
// kept once: the thousands of connections of a program often lead to one server.
type Peer struct{ shown unique.Handle[shown] }

type shown struct{ identity, chain string }

// NewPeer is a peer whose verified certificate has a subject (RFC 4514), with the chain it sent, in PEM.
func NewPeer(identity string, chain []byte) Peer {
	return Peer{unique.Make(shown{identity, string(chain)})}
}

// Identity is the subject of the verified certificate, empty when there is none.
func (p Peer) Identity() string { return p.what().identity }

// Chain is what the peer sent, in PEM.
func (p Peer) Chain() string { return p.what().chain }

func (p Peer) what() shown {
	if p == (Peer{}) {
		return shown{}
	}
	return p.shown.Value()
}
