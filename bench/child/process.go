package child

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// grace is how long a process has to end by itself.
var grace = 10 * time.Second

// Process is a process at work. Any goroutine.
type Process struct {
	PID
	// Said is its first line, without spaces around it. What it says later goes to this process's standard error.
	Said string

	cmd    *exec.Cmd
	stdin  io.Closer
	stopBy os.Signal
	ended  chan struct{} // closed when it has ended, and err is how
	err    error
}

// Start starts a process and waits until it has said a line, however long that takes. It is an error if it ends
// before. Whoever starts it stops it by [Process.Stop].
func Start(o Options) (*Process, error) { return StartOn(-1, o) }

// StartOn is Start for a process that is bound to one CPU; a negative one is any. The caller says by the environment
// how many threads run Go code then. See [OnCPU] for errors.
func StartOn(cpu int, o Options) (*Process, error) {
	v := newVoice(os.Stderr)
	var p *Process
	err := OnCPU(cpu, func() (err error) {
		p, err = begin(o, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	select {
	case p.Said = <-v.first:
		return p, nil
	case <-p.ended:
	}
	select {
	case p.Said = <-v.first: // the last that it did
		return p, nil
	default:
		return nil, fmt.Errorf("%s said nothing: %w", o.name(), cmp.Or(p.err, errSilent))
	}
}

var errSilent = errors.New("it has ended")

// begin starts the process and has a goroutine wait for its end.
func begin(o Options, v *voice) (*Process, error) {
	cmd, err := o.command(v)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, stopBy: o.StopBy, ended: make(chan struct{})}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.PID = PID(cmd.Process.Pid)
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Stop ends the process and waits for that: a child ends with its standard input, others by the signal of the
// [Options]. It is killed if it does not within ten seconds, or if that signal cannot be sent. Stop returns how it
// ended, nil if well, and the same if it is called again.
func (p *Process) Stop() error {
	p.stdin.Close()
	if p.stopBy != nil && p.Signal(p.stopBy) != nil {
		p.cmd.Process.Kill()
	}
	kill := time.AfterFunc(grace, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.ended
	return p.err
}

// Signal sends the process a signal. It is an error if that has ended, or if the system has no such signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }
