package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

func pair(t testing.TB) (linux.FD, linux.FD) {
	t.Helper()
	a, b, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// serve gives a client of a handler; both end with the test.
func serve(t testing.TB, handle func(context.Context, *rpc.Call) (any, error)) *rpc.Client {
	t.Helper()
	a, b := pair(t)
	served := make(chan error, 1)
	go func() { served <- rpc.Serve(t.Context(), b, handle) }()
	c, err := rpc.NewClient(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return c
}

func handle(ctx context.Context, c *rpc.Call) (any, error) {
	switch c.Method {
	case "double":
		var n int
		err := c.Decode(&n)
		return 2 * n, err
	case "refuse":
		return nil, abi.Failf(abi.Rejected, "no: %w", linux.ENOENT)
	case "size":
		fd := c.FD()
		defer func() { _ = fd.Close() }()
		return linux.MemorySize(fd)
	case "panic":
		var list []int
		return list[1], nil
	case "wait":
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("no method %s", c.Method)
}

func TestCall(t *testing.T) {
	c := serve(t, handle)
	var work sync.WaitGroup
	for i := range 200 {
		work.Go(func() {
			var got int
			if err := c.Call(t.Context(), rpc.Request{Method: "double", In: i}, &got); err != nil || got != 2*i {
				t.Errorf("double %d: %d, %v", i, got, err)
			}
		})
	}
	work.Wait()
}

func TestFailure(t *testing.T) {
	c := serve(t, handle)
	err := c.Call(t.Context(), rpc.Request{Method: "refuse"}, nil)
	var f *abi.Failure
	if !errors.As(err, &f) || f.Kind != abi.Rejected || !errors.Is(err, linux.ENOENT) || !strings.HasPrefix(err.Error(), "no: ") {
		t.Errorf("got %v", err)
	}
	if err := c.Call(t.Context(), rpc.Request{Method: "panic"}, nil); err == nil {
		t.Error("a panic gave no error")
	}
	if err := c.Call(t.Context(), rpc.Request{Method: "else", In: strings.Repeat("x", 70000)}, nil); err == nil {
		t.Error("a message that is too large gave no error")
	}
	var n int
	if err := c.Call(t.Context(), rpc.Request{Method: "double", In: 4}, &n); err != nil || n != 8 {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}

func TestDescriptor(t *testing.T) {
	c := serve(t, handle)
	fd, err := linux.SealedMemory("test", []byte("12345"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fd.Close() }()
	var n int
	if err := c.Call(t.Context(), rpc.Request{Method: "size", FDs: []linux.FD{fd}}, &n); err != nil || n != 5 {
		t.Errorf("size: %d, %v", n, err)
	}
}

func TestCancel(t *testing.T) {
	c := serve(t, handle)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Call(ctx, rpc.Request{Method: "wait"}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestGone(t *testing.T) {
	a, b := pair(t)
	c, err := rpc.NewClient(a)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	called := make(chan error, 1)
	go func() { called <- c.Call(t.Context(), rpc.Request{Method: "wait"}, nil) }()
	_ = b.Close()
	if err := <-called; !errors.Is(err, rpc.ErrGone) {
		t.Errorf("a call under way: %v", err)
	}
	if err := c.Call(t.Context(), rpc.Request{Method: "wait"}, nil); !errors.Is(err, rpc.ErrGone) {
		t.Errorf("a call afterwards: %v", err)
	}
}

// FuzzServe sends any packet: the server answers, ignores or ends, and carries out no method with what it cannot decode.
func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"id":1,"method":"double","body":4}`))
	f.Add([]byte(`{"id":1,"method":"size"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > 60000 {
			t.Skip()
		}
		ours, theirs := pair(t)
		served := make(chan error, 1)
		go func() {
			served <- rpc.Serve(t.Context(), theirs, func(_ context.Context, c *rpc.Call) (any, error) {
				var v map[string]int
				if err := c.Decode(&v); err != nil && !reflect.ValueOf(v).IsNil() {
					t.Errorf("%q decoded to %v with %v", b, v, err)
				}
				return v, nil
			})
		}()
		_ = linux.SendPacket(ours, b, nil)
		_ = ours.Close()
		if err := <-served; err != nil {
			t.Logf("serve: %v", err) // whatever was sent may end it
		}
	})
}
