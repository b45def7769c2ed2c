package plugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// drainTime bounds the wait for what an ended process has left in its pipes, and for its end once it has closed them.
const drainTime = time.Second

// process is one run of the plugin.
type process struct {
	pid     int
	conn    *os.File
	pending *pending
	queue   chan []byte
	started time.Time
	// exited is closed when the process and its group are gone.
	exited chan struct{}
	// gone is closed when nobody may wait for an answer any more.
	gone chan struct{}
	// fail says once why the run ends, and makes it end.
	fail   func(error)
	stderr *os.File

	mu sync.Mutex
	// handle is the process as package os knows it, nil once it was waited for: its number may be another's then.
	handle *os.Process
}

// launch starts the program with one end of a socket pair as its standard input and output, and its standard error to us.
func (j *Judge) launch() (*process, error) {
	if err := j.config.Trusted(j.config.Path); err != nil {
		return nil, err
	}
	ours, theirs, err := linux.SocketPair()
	if err != nil {
		return nil, err
	}
	conn, err := ours.File("plugin")
	if err != nil {
		return nil, errors.Join(err, ours.Close(), theirs.Close())
	}
	far := os.NewFile(uintptr(theirs), "plugin's end")
	defer func() { _ = far.Close() }()
	stderr, itsStderr, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	defer func() { _ = itsStderr.Close() }()
	now := time.Now()
	p := &process{
		conn: conn, stderr: stderr, pending: newPending(now), queue: make(chan []byte, pendingMax), started: now,
		exited: make(chan struct{}), gone: make(chan struct{}),
	}
	var once sync.Once
	p.fail = func(why error) { once.Do(func() { p.pending.end(why); close(p.gone) }) }
	files := []*os.File{far, far, itsStderr}
	dir, err := j.config.openDir()
	if dir != nil {
		defer func() { _ = dir.Close() }()
		files = append(files, dir)
	}
	if err == nil {
		err = p.start(j.config.command(), j.config.attributes(), files)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(), stderr.Close())
	}
	return p, nil
}

// openDir opens the directory for the program, if there is one.
func (c Config) openDir() (*os.File, error) {
	if c.Dir == "" {
		return nil, nil
	}
	return os.Open(c.Dir)
}

// start starts the process from a thread that stays until it has ended: the leash is tied to the thread.
func (p *process) start(argv []string, attr *linux.ProcAttr, files []*os.File) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		handle, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Dir: "/", Env: []string{}, Files: files, Sys: attr})
		if err == nil {
			p.mu.Lock()
			p.handle, p.pid = handle, handle.Pid
			p.mu.Unlock()
		}
		started <- err
		if err == nil {
			p.await()
		}
	}()
	return <-started
}

// await waits for the process.
func (p *process) await() {
	// A supervisor reaps all its children, this one among them: then there is nothing left to wait for.
	_ = linux.WaitEnded(p.pid)
	p.fail(p.reap())
	close(p.exited)
}

// reap ends what the process has left in its group, and takes its status, as long as its number is its own.
func (p *process) reap() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	kill := linux.Killpg(p.pid)
	state, err := p.handle.Wait() // it has ended, so that this does not wait
	p.handle = nil
	switch {
	case err == nil:
		err = fmt.Errorf("it ended (%s)", state)
	case linux.NoChild(err):
		err = errors.New("it ended")
	}
	return errors.Join(err, kill)
}

// kill ends the process and all it has started.
func (p *process) kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle == nil {
		return nil
	}
	return linux.Killpg(p.pid)
}

// run lets the process work until it ends by itself, misbehaves or ctx ends, and says why. Nothing of it is left then.
func (j *Judge) run(ctx context.Context, p *process) error {
	var others sync.WaitGroup
	var last lastLine
	others.Go(func() { p.write(j.config.Timeout) })
	others.Go(p.read)
	others.Go(func() { j.relay(p.stderr, &last, p.fail) })
	select {
	case <-ctx.Done():
		p.fail(errors.New("the service ends"))
	case <-p.gone:
	}
	if err := p.kill(); err != nil {
		j.log.Warn("end a plugin", "error", err)
	}
	<-p.exited
	_ = p.conn.Close()                                      // wakes whoever reads and writes
	_ = p.stderr.SetReadDeadline(time.Now().Add(drainTime)) // what it said is there; its group has no more to say
	others.Wait()
	_ = p.stderr.Close()
	if said := last.text(); said != "" {
		return fmt.Errorf("%w; it said: %s", p.pending.why(), said)
	}
	return p.pending.why()
}

// write sends what is queued. A plugin that does not read it is given up.
func (p *process) write(patience time.Duration) {
	for {
		select {
		case <-p.gone:
			return
		case line := <-p.queue:
			_ = p.conn.SetWriteDeadline(time.Now().Add(max(patience, startPatience)))
			if _, err := p.conn.Write(line); err != nil {
				p.fail(fmt.Errorf("it takes no requests: %w", err))
				return
			}
		}
	}
}

// read takes answers until one is wrong.
func (p *process) read() {
	in := bufio.NewReaderSize(p.conn, AnswerMax)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			p.fail(fmt.Errorf("it wrote a line of more than %d bytes", AnswerMax))
			return
		case err != nil:
			p.closed(err)
			return
		}
		a, err := decode(line)
		if err == nil && !p.pending.take(a, time.Now()) {
			err = fmt.Errorf("an answer to request %d, which has none outstanding", a.ID)
		}
		if err != nil {
			p.fail(fmt.Errorf("it wrote %w", err))
			return
		}
	}
}

// closed is the end of the plugin's end of the socket. Usually the process has ended, which says more.
func (p *process) closed(err error) {
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case <-p.gone:
	case <-timer.C:
		p.fail(fmt.Errorf("it closed its standard output: %w", err))
	}
}
