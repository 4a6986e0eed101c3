package tcp

import (
	"log/slog"
	"os"
	"syscall"
	"time"
)

const (
	// acceptPause is how long accepting rests when the system is out of descriptors. It
	// doubles, up to acceptPauseMost, as long as nothing gets better.
	acceptPause     = 100 * time.Millisecond
	acceptPauseMost = time.Second
	// troubleEvery is the least time between two lines of the log about it.
	troubleEvery = 10 * time.Second
)

// trouble is what keeps an acceptor from accepting.
type trouble struct {
	pause time.Duration // the last rest; 0: there was none since the last connection
	next  time.Time     // no line before
	count int           // connections refused since the last line
}

// over is called when a connection has been accepted.
func (t *trouble) over() { t.pause = 0 }

// report counts, and says whether a line is due and with what count.
func (t *trouble) report(now time.Time, refused int) (due bool, count int) {
	t.count += refused
	if now.Before(t.next) {
		return false, 0
	}
	t.next = now.Add(troubleEvery)
	count, t.count = t.count, 0
	return true, count
}

// gone reports whether a connection was lost before it was accepted. Linux hands on what the
// network did to it, or that a packet filter forbade it; on Windows one that was reset is not
// connected.
func gone(err error) bool {
	switch err {
	case syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EPROTO, syscall.EPERM, syscall.ETIMEDOUT,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.ENOPROTOOPT, syscall.ENOTCONN:
		return true
	}
	return false
}

// scarce reports whether the process or the system has run out of something.
func scarce(err error) bool {
	switch err {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return true
	}
	return false
}

// openReserve is called again whenever there may be a descriptor for it.
func (a *Acceptor) openReserve() {
	if a.reserve == nil {
		a.reserve, _ = os.Open(os.DevNull)
	}
}

// shed gives up the reserve descriptor to accept connections and close them: their
// clients learn that they are refused instead of waiting in the backlog.
func (a *Acceptor) shed(d *door, cause error) {
	refused := 0
	if a.reserve != nil {
		a.reserve.Close()
		a.reserve = nil
		for ; refused < acceptBatch; refused++ {
			fd, err := a.files.Accept(d.fd)
			if err != nil {
				break
			}
			a.files.Close(fd)
		}
		a.openReserve()
	}
	a.gate.refused(refused)
	if due, n := a.trouble.report(a.loop.Now(), refused); due {
		a.say(slog.LevelWarn, "out of descriptors: connections are refused",
			slog.Any("error", cause), slog.Int("refused", n))
	}
	a.rest()
}

// rest stops accepting for a while: what is wrong would be found again in every turn.
func (a *Acceptor) rest() {
	t := &a.trouble
	t.pause = min(max(2*t.pause, acceptPause), acceptPauseMost)
	a.resting = a.loop.CallLater(t.pause, func() {
		a.resting = nil
		a.openReserve()
		a.watch()
	})
	a.watch()
}
