package syscalls

// listen carries out listen(2).
func (s *Server) listen(c *call) answer {
	return failure(c.note(c.handle.Listen(s.ctx, c.int(1))))
}
