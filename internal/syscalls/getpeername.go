package syscalls

// getpeername carries out getpeername(2).
func (s *Server) getpeername(c *call) answer { return c.answerName(c.handle.Peer()) }
