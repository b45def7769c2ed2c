package syscalls

// getsockname carries out getsockname(2).
func (s *Server) getsockname(c *call) answer { return c.answerName(c.handle.Name()) }
