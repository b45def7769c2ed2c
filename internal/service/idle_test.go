package service_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/testutil/crowd"
)

// TestIdleConnections measures what the service keeps for a connection that is idle.
func TestIdleConnections(t *testing.T) {
	const pairs = 100
	c := crowd.New(t, newService(t, service.Config{}), pairs+10)
	c.Join(10) // fills pools and caches
	before := crowd.Now()
	c.Join(pairs)
	got := crowd.Now().Since(before, 2*pairs)
	t.Logf("%.0f bytes of heap, %.0f of stacks, %.2f goroutines for each", got.Heap, got.Stacks, got.Goroutines)
	if got.Heap > 4250 || got.Goroutines > 0.05 {
		t.Errorf("%.0f bytes of heap and %.2f goroutines for each", got.Heap, got.Goroutines)
	}
}
