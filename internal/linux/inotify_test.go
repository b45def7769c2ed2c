package linux_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
)

// inotifyEvent is a struct inotify_event with a name of n bytes.
func inotifyEvent(watch int32, mask, n uint32) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(watch))
	b = binary.NativeEndian.AppendUint32(b, mask)
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = binary.NativeEndian.AppendUint32(b, n)
	return append(b, make([]byte, n)...)
}

func TestInotify(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	write(t, name, "", 0o600)
	fd, err := linux.InotifyInit()
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	watch, err := linux.InotifyAddWatch(fd, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := unix.Read(int(fd), b)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	events := linux.InotifyParse(b[:n])
	if len(events) < 1 || events[0] != (linux.InotifyEvent{Watch: watch, Mask: linux.InotifyDeleteSelf}) {
		t.Errorf("events: got %+v, want IN_DELETE_SELF of watch %d first", events, watch)
	}
	if err := linux.InotifyRemoveWatch(fd, watch); err == nil {
		t.Error("remove a watch whose file is gone: got no error")
	}
	if _, err := linux.InotifyAddWatch(fd, name); err == nil {
		t.Error("watch a file that is gone: got no error")
	}
}

// FuzzInotifyParse states that events come one for each header, in order, and that a length that lies ends the
// list without a panic.
func FuzzInotifyParse(f *testing.F) {
	f.Add(inotifyEvent(1, 1024, 0))
	f.Add(append(inotifyEvent(1, 1024, 16), inotifyEvent(2, 32768, 0)...))
	f.Add(inotifyEvent(-1, 0x4000, 16)[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		events := linux.InotifyParse(b)
		for _, e := range events {
			if watch := int32(binary.NativeEndian.Uint32(b)); e.Watch != watch || e.Mask != binary.NativeEndian.Uint32(b[4:]) {
				t.Fatalf("got %+v, want watch %d", e, watch)
			}
			length := uint64(binary.NativeEndian.Uint32(b[12:]))
			b = b[min(uint64(len(b)), 16+length):]
		}
		if len(b) >= 16 {
			t.Errorf("%d bytes are left over after %d events", len(b), len(events))
		}
	})
}
