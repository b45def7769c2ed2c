package plugin

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Bounds of what a plugin's standard error puts into the log.
const (
	lineMax = 512
	// burst lines may come at once; after them one each linePause. The rest is counted and dropped.
	burst     = 20
	linePause = time.Second
	// floodMax lines dropped within one linePause are a flood, which costs too much to read.
	floodMax = 10000
)

// lastLine is the last thing a plugin has said.
type lastLine struct {
	mu   sync.Mutex
	line string
}

func (l *lastLine) set(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = s
}

func (l *lastLine) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.line
}

// relay logs what the plugin writes to its standard error, within bounds, until the pipe is closed. flood is called when
// that is too much to be read.
func (j *Judge) relay(stderr *os.File, last *lastLine, flood func(error)) {
	in := bufio.NewReaderSize(stderr, lineMax)
	room, since, dropped := burst, time.Now(), 0
	for {
		line, _, err := in.ReadLine() // a longer line comes in pieces
		if err != nil {
			return
		}
		text := printable(strings.TrimSpace(string(line)))
		if text == "" {
			continue
		}
		last.set(text)
		if more := int(time.Since(since) / linePause); more > 0 {
			room, since = min(burst, room+more), time.Now()
		}
		if room == 0 {
			if dropped++; dropped == floodMax {
				flood(fmt.Errorf("it wrote %d lines to its standard error at once", burst+floodMax))
				return
			}
			continue
		}
		room--
		j.log.Info("a plugin says", "text", text, "dropped", dropped)
		dropped = 0
	}
}
