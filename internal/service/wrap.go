package service

import "github.com/securesocketapi/ssa/internal/socket"

var _ socket.Wrapper = (*Service)(nil)

// Wrapping implements socket.Wrapper.
func (s *Service) Wrapping() bool { return s.policy().Wraps() }
