package syscalls

// bind carries out bind(2).
func (s *Server) bind(c *call) answer {
	addr, err := c.sockaddr()
	if err == nil {
		err = c.handle.Bind(addr)
	}
	return failure(c.note(err))
}
