package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"eddy/internal/testdir"
)

// screen returns what a terminal shows of text: a carriage return goes back in the line.
func screen(text string) string {
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		var cells []byte
		for _, part := range strings.Split(l, "\r") {
			cells = append([]byte(part), cells[min(len(part), len(cells)):]...)
		}
		lines = append(lines, strings.TrimRight(string(cells), " "))
	}
	return strings.Join(lines, "\n")
}

// watched is a bar with a clock of its own.
type watched struct {
	*bar
	out   strings.Builder
	time  time.Time
	width int // of the terminal
}

func watch(urls int) *watched {
	w := &watched{time: time.Unix(1e9, 0), width: usualColumns}
	w.bar = newBar(world{
		stderr: &w.out, now: func() time.Time { return w.time }, columns: func(io.Writer) int { return w.width },
	}, urls)
	return w
}

func (w *watched) after(t *testing.T, d time.Duration, want string) {
	t.Helper()
	w.time = w.time.Add(d)
	w.draw()
	if got := screen(w.out.String()); got != want {
		t.Errorf("the screen shows %q, want %q", got, want)
	}
}

func TestBar_OneOfAKnownSize(t *testing.T) {
	w := watch(1)
	m := w.meter()
	w.after(t, time.Second, "0 B  0 B/s")
	m.begin(100 << 20)
	w.after(t, time.Second, "[....................]  0%  0 B of 100.0 MiB  0 B/s")
	m.add(50 << 20)
	w.after(t, 3*time.Second, "[##########..........]  50%  50.0 MiB of 100.0 MiB  10.0 MiB/s  0:05 left")
	m.add(50<<20 - 1)
	w.after(t, 5*time.Second, "[###################.]  99%  100.0 MiB of 100.0 MiB  10.0 MiB/s  0:00 left")
	m.add(1)
	m.end()
	w.after(t, 0, "[####################]  100%  100.0 MiB of 100.0 MiB  10.0 MiB/s")
	w.print("a line\n")
	w.print("")
	if got := screen(w.out.String()); got != "a line\n" {
		t.Errorf("left: %q", got)
	}
}

func TestBar_TheRateIsThatOfTheLastSeconds(t *testing.T) {
	w := watch(1)
	m := w.meter()
	m.begin(-1)
	m.add(1 << 30)
	for range rateOver {
		w.time = w.time.Add(drawEvery)
		w.draw()
	}
	w.after(t, drawEvery, "1.0 GiB  0 B/s")
}

func TestBar_Several(t *testing.T) {
	w := watch(3)
	a, b, c := w.meter(), w.meter(), w.meter()
	a.begin(1000)
	a.add(500)
	w.after(t, time.Second, "0 of 3 done  500 B  500 B/s") // nobody knows of the others
	b.begin(500)
	b.add(500)
	b.end()
	c.end() // failed before it began
	w.after(t, time.Second, "2 of 3 done  66%  1.0 KiB of 1.5 KiB  500 B/s  0:01 left")
	a.end() // was cut: what came is all that there is
	w.after(t, 0, "3 of 3 done  100%  1.0 KiB of 1.0 KiB  500 B/s")
}

func TestBar_FitsATerminal(t *testing.T) {
	for _, urls := range []int{1, 100} {
		w := watch(urls)
		w.sizes, w.ended, w.total = urls, urls/2, 1000<<40
		w.got = 999 << 39
		w.draw()
		w.time = w.time.Add(30 * time.Hour)
		w.got = 999 << 40
		if line := w.line(); len(line) > 79 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

func TestBar_IsCutToTheTerminal(t *testing.T) {
	w := watch(1)
	m := w.meter()
	m.begin(100)
	m.add(50)
	w.width = 30
	w.after(t, time.Second, "[##########..........]  50%")
	w.width = 0
	w.out.Reset() // with a window of no width, nothing is shown
	w.after(t, time.Second, "")
	w.width = 200
	w.after(t, time.Second, "[##########..........]  50%  50 B of 100 B  16 B/s  0:03 left")
}

// What stood there before a window became narrow is not written over beyond its edge, where the line would wrap.
func TestBar_KeepsToAWindowThatShrinks(t *testing.T) {
	w := watch(1)
	w.meter().begin(100 << 20)
	w.draw()
	w.width = 20
	for _, next := range []func(){w.draw, func() { w.width = 10; w.print("") }} {
		w.out.Reset()
		next()
		for part := range strings.SplitSeq(w.out.String(), "\r") {
			if len(part) >= w.width {
				t.Errorf("%q in %d columns", part, w.width)
			}
		}
	}
}

func TestTexts(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 5 << 40: "5.0 TiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%v is %q", n, got)
		}
	}
	for n, want := range map[float64]string{0: "0:00", 59.4: "0:59", 59.6: "1:00", 3599.6: "1:00:00", 36125: "10:02:05", 1e30: "days"} {
		if got := clockText(n); got != want {
			t.Errorf("%v is %q", n, got)
		}
	}
}

// lookedAt is a terminal that tells when it was written to.
type lookedAt struct {
	lockedBuffer
	wrote chan struct{}
}

func (l *lookedAt) Write(p []byte) (int, error) {
	n, err := l.lockedBuffer.Write(p)
	select {
	case l.wrote <- struct{}{}:
	default:
	}
	return n, err
}

func TestBar_OnATerminalOnly(t *testing.T) {
	for _, c := range []struct {
		name     string
		args     string
		env      string
		stderr   bool // is a terminal
		stdout   bool
		progress bool
	}{
		{name: "a terminal", stderr: true, progress: true},
		{name: "no terminal"},
		{name: "the body is on the terminal", stderr: true, stdout: true},
		{name: "the body is in a file", args: "-o", stderr: true, stdout: true, progress: true},
		{name: "silent", args: "-s", stderr: true},
		{name: "a dumb terminal", env: "dumb", stderr: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			half, all := make(chan struct{}), make(chan struct{})
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.Write(make([]byte, 500))
				http.NewResponseController(w).Flush()
				close(half)
				<-all
				w.Write(make([]byte, 500))
			})
			args := []string{"fetch", url}
			switch c.args {
			case "-o":
				args = append(args, "-o", testdir.New(t)+"/file")
			case "-s":
				args = append(args, "-s")
			}
			out, errs := new(lockedBuffer), &lookedAt{wrote: make(chan struct{}, 1)}
			ticks := make(chan time.Time)
			w := outputs(out, errs)
			w.ticks = ticks
			w.env = func(string) string { return c.env }
			w.terminal = func(w io.Writer) bool { return w == io.Writer(errs) && c.stderr || w == io.Writer(out) && c.stdout }
			code := make(chan int, 1)
			go func() { code <- run(t.Context(), args, w) }()
			<-half
			for c.progress && !strings.Contains(screen(errs.String()), "[##########..........]  50%  500 B of 1.0 KiB") {
				ticks <- time.Time{}
				<-errs.wrote
			}
			close(all)
			if got := <-code; got != exitOK {
				t.Error("code", got)
			}
			if got := screen(errs.String()); got != "" || !c.progress && errs.String() != "" {
				t.Errorf("left: %q", got)
			}
		})
	}
}
