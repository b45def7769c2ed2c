package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// InotifyEvent is one event of inotify(7), without the name.
type InotifyEvent struct {
	Watch int32
	Mask  uint32
}

// InotifyDeleteSelf is IN_DELETE_SELF: the last reference to a file that has no name left is gone.
const InotifyDeleteSelf = unix.IN_DELETE_SELF

// InotifyInit makes a non-blocking inotify descriptor.
func InotifyInit() (FD, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	return FD(fd), err
}

// InotifyAddWatch watches a path for the end of its file.
func InotifyAddWatch(fd FD, path string) (int32, error) {
	w, err := unix.InotifyAddWatch(int(fd), path, unix.IN_DELETE_SELF)
	return int32(w), err
}

// InotifyRemoveWatch ends a watch.
func InotifyRemoveWatch(fd FD, watch int32) error {
	_, err := unix.InotifyRmWatch(int(fd), uint32(watch))
	return err
}

// InotifyParse decodes what read(2) returned.
func InotifyParse(b []byte) []InotifyEvent {
	var events []InotifyEvent
	for len(b) >= unix.SizeofInotifyEvent {
		e := (*unix.InotifyEvent)(unsafe.Pointer(&b[0]))
		events = append(events, InotifyEvent{Watch: e.Wd, Mask: e.Mask})
		b = b[min(len(b), unix.SizeofInotifyEvent+int(e.Len)):]
	}
	return events
}
