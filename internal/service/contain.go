package service

import "runtime/debug"

// contain keeps a panic from ending the connections of everybody. What it interrupts must have its failure as its
// result already.
func (s *Service) contain(doing string) {
	if r := recover(); r != nil {
		s.log.Error("panic", "doing", doing, "value", r, "stack", string(debug.Stack()))
	}
}
