package control

import (
	"net/http"

	"github.com/securesocketapi/ssa/client"
)

// siblingsMax bounds the processes that drain and are asked.
const siblingsMax = 16

// others are the processes that drain. Each is asked for what it has itself.
func (s *Server) others(*http.Request) []*client.Client {
	var list []*client.Client
	for _, path := range s.c.Siblings() {
		if len(list) == siblingsMax {
			break
		}
		list = append(list, client.Sibling(path))
	}
	return list
}
