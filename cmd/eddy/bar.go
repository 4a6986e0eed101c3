package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// bar draws on one line how far all fetches of a command are, and prints whole lines meanwhile.
type bar struct {
	w       io.Writer
	columns func(io.Writer) int
	now     func() time.Time
	ticks   <-chan time.Time

	mu      sync.Mutex
	urls    int
	ended   int
	sizes   int   // URLs whose size is known, or that have ended
	got     int64 // bytes of all
	total   int64 // of those whose size is known
	samples []sample
	width   int // of what is drawn
}

// sample is how much had come at a time.
type sample struct {
	at  time.Time
	got int64
}

const (
	drawEvery = 500 * time.Millisecond
	rateOver  = 10 // samples
	barWidth  = 20
)

func newBar(w world, urls int) *bar {
	b := &bar{w: w.stderr, columns: w.columns, now: w.now, ticks: w.ticks, urls: urls}
	b.samples = []sample{{at: b.now()}}
	return b
}

// run draws until the function that it returns is called, which leaves nothing on the line.
func (b *bar) run() (stop func()) {
	var wg sync.WaitGroup
	over := make(chan struct{})
	ticks := b.ticks
	ticker := time.NewTicker(drawEvery)
	if ticks == nil {
		ticks = ticker.C
	}
	wg.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticks:
				b.draw()
			case <-over:
				return
			}
		}
	})
	return func() {
		close(over)
		wg.Wait()
		b.print("")
	}
}

// print writes text, whole lines, where the bar was.
func (b *bar) print(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.width > 0 {
		text = "\r" + strings.Repeat(" ", min(b.width, b.room())) + "\r" + text
		b.width = 0
	}
	io.WriteString(b.w, text)
}

// room is how long a line may be by now: one that wraps could not be drawn over.
func (b *bar) room() int { return max(b.columns(b.w)-1, 0) }

func (b *bar) draw() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.samples = append(b.samples, sample{b.now(), b.got})
	if len(b.samples) > rateOver {
		b.samples = b.samples[1:]
	}
	line := b.line()
	room := b.room()
	line = line[:min(len(line), room)]
	io.WriteString(b.w, "\r"+line+strings.Repeat(" ", max(min(b.width, room)-len(line), 0)))
	b.width = len(line)
}

// line returns what is to be seen, in less than 80 columns: bytes only and their rate if some size is not
// known.
func (b *bar) line() string {
	var s strings.Builder
	known := b.sizes == b.urls && b.total > 0
	part := min(float64(b.got)/float64(max(b.total, 1)), 1)
	if b.urls > 1 {
		fmt.Fprintf(&s, "%d of %d done  ", b.ended, b.urls)
	} else if full := int(part * barWidth); known {
		fmt.Fprintf(&s, "[%s%s]  ", strings.Repeat("#", full), strings.Repeat(".", barWidth-full))
	}
	if known {
		fmt.Fprintf(&s, "%d%%  ", int(part*100))
	}
	s.WriteString(bytesText(b.got))
	if known {
		s.WriteString(" of " + bytesText(b.total))
	}
	rate := b.rate()
	s.WriteString("  " + bytesText(int64(rate)) + "/s")
	if known && rate > 0 && b.got < b.total {
		s.WriteString("  " + clockText(float64(b.total-b.got)/rate) + " left")
	}
	return s.String()
}

// rate is that of the last samples in bytes a second.
func (b *bar) rate() float64 {
	first, last := b.samples[0], b.samples[len(b.samples)-1]
	took := last.at.Sub(first.at).Seconds()
	if took <= 0 {
		return 0
	}
	return float64(last.got-first.got) / took
}

// bytesText writes a number of bytes in at most nine characters.
func bytesText(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	const units = "KMGTPE"
	u, x := 0, float64(n)/1024
	for ; x >= 999.95; x /= 1024 {
		u++
	}
	return fmt.Sprintf("%.1f %ciB", x, units[u])
}

// clockText writes seconds as minutes and hours, and what is too long for those as that.
func clockText(seconds float64) string {
	if seconds >= 100*3600 {
		return "days"
	}
	n := int(seconds + 0.5)
	if n < 3600 {
		return fmt.Sprintf("%d:%02d", n/60, n%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
}

// meter is one URL's part of a bar.
type meter struct {
	bar  *bar
	got  int64
	size int64 // negative: not known
}

func (b *bar) meter() *meter { return &meter{bar: b, size: -1} }

// begin says how much is to come; negative: not known.
func (m *meter) begin(size int64) {
	m.bar.mu.Lock()
	defer m.bar.mu.Unlock()
	if m.size = size; size >= 0 {
		m.bar.sizes++
		m.bar.total += size
	}
}

func (m *meter) add(n int) {
	m.bar.mu.Lock()
	defer m.bar.mu.Unlock()
	m.got += int64(n)
	m.bar.got += int64(n)
}

// end makes what came all that there was to come.
func (m *meter) end() {
	m.bar.mu.Lock()
	defer m.bar.mu.Unlock()
	m.bar.ended++
	if m.size < 0 {
		m.bar.sizes++
		m.size = 0
	}
	m.bar.total += m.got - m.size
}
