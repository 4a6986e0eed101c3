package child_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"eddy/bench/child"
)

// otherEnv makes the test's program one that knows nothing of parents.
const otherEnv = "EDDY_CHILD_TEST_OTHER"

func TestMain(m *testing.M) {
	if what := os.Getenv(otherEnv); what != "" {
		other(what)
	}
	child.Main(func(role string) error { return roles[role]() })
	os.Exit(m.Run())
}

var roles = map[string]func() error{
	"idle": func() error {
		fmt.Println("  idle  ")
		select {}
	},
	"busy": func() error {
		fmt.Println(work(), int64(child.PID(os.Getpid()).CPU()))
		select {}
	},
	"fat": func() error {
		p := grow()
		fmt.Println(len(p))
		select {}
	},
	"lean": func() error {
		length := len(grow())
		debug.FreeOSMemory()
		fmt.Println(length)
		select {}
	},
	"threads": func() error {
		fmt.Println(runtime.NumCPU(), runtime.GOMAXPROCS(0), os.Getenv("EDDY_BENCH_ROLE") == "")
		select {}
	},
	"short":  func() error { fmt.Println("done"); return nil },
	"mute":   func() error { fmt.Print("no line"); return nil },
	"failed": func() error { return errors.New("a child that fails, as it is to") },
}

// fat is, in bytes, much more than a process takes that does nothing.
const fat = 64 << 20

func grow() []byte {
	p := make([]byte, fat)
	for i := range p {
		p[i] = 1
	}
	return p
}

// work takes a while; what it returns keeps it from being left out.
func work() (x uint64) {
	for i := range uint64(100_000_000) {
		x = x*6364136223846793005 + i
	}
	return x
}

// other says its line where programs log, and ends at an interrupt, or never.
func other(what string) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	dir, _ := os.Getwd()
	fmt.Fprintln(os.Stderr, what, os.Args[1:], dir)
	fmt.Println("not this line")
	for range interrupted {
		if what == "polite" {
			os.Exit(0)
		}
	}
}

func start(t *testing.T, role string) *child.Process {
	t.Helper()
	p, err := child.Start(child.Options{Role: role})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

func TestProcess_SaysALineAndEndsWithItsInput(t *testing.T) {
	p := start(t, "idle")
	if p.Said != "idle" {
		t.Errorf("it says %q", p.Said)
	}
	for range 2 {
		if err := p.Stop(); err != nil {
			t.Errorf("it ends by %v", err)
		}
	}
	if p.Signal(os.Kill) == nil {
		t.Error("one that has ended was sent a signal")
	}
}

func TestProcess_MayEndByItself(t *testing.T) {
	p := start(t, "short")
	if err := p.Stop(); p.Said != "done" || err != nil {
		t.Errorf("it says %q and ends by %v", p.Said, err)
	}
}

func TestStart_FailsWithoutALine(t *testing.T) {
	var exit *exec.ExitError
	if _, err := child.Start(child.Options{Role: "failed"}); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("one that fails: %v", err)
	}
	_, err := child.Start(child.Options{Role: "mute"})
	if err == nil || !strings.HasPrefix(err.Error(), "mute said nothing: ") {
		t.Errorf("one that says no whole line: %v", err)
	}
	if _, err := child.Start(child.Options{Program: "/none"}); err == nil {
		t.Error("one that is not there was started")
	}
}

// startOther starts a program that is no child.
func startOther(t *testing.T, o child.Options, what string) *child.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Program, o.Args, o.Dir, o.Env, o.Log = self, []string{"a", "b"}, os.TempDir(), []string{otherEnv + "=" + what}, true
	p, err := child.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcess_OtherProgramsEndByASignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signal but the one that kills")
	}
	p := startOther(t, child.Options{StopBy: os.Interrupt}, "polite")
	dir, ok := strings.CutPrefix(p.Said, "polite [a b] ")
	is, err1 := os.Stat(dir)
	want, err2 := os.Stat(os.TempDir())
	if err := errors.Join(err1, err2, p.Stop()); !ok || err != nil || !os.SameFile(is, want) {
		t.Errorf("it says %q, %v", p.Said, err)
	}
}

func TestProcess_IsKilledIfItDoesNotEnd(t *testing.T) {
	defer child.SetGrace(50 * time.Millisecond)()
	var exit *exec.ExitError
	if err := startOther(t, child.Options{}, "deaf").Stop(); !errors.As(err, &exit) || exit.ExitCode() == 0 {
		t.Errorf("it ends by %v", err)
	}
}

func TestPID_CPUGrowsWithWork(t *testing.T) {
	if _, err := os.Stat("/proc/self/schedstat"); err != nil || runtime.GOOS != "linux" {
		t.Skip("the CPU time of a process cannot be read here")
	}
	idle, busy := start(t, "idle"), start(t, "busy")
	var x uint64
	var own time.Duration
	if _, err := fmt.Sscan(busy.Said, &x, &own); err != nil {
		t.Fatal(busy.Said, err)
	}
	little, much := idle.CPU(), busy.CPU()
	if little <= 0 || much < 2*little || own <= 0 || much < own {
		t.Errorf("%v idle, %v busy, of which it knows %v", little, much, own)
	}
}

func TestPID_RSSIsWhatItHolds(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil || runtime.GOOS != "linux" {
		t.Skip("the memory of a process cannot be read here")
	}
	p := start(t, "fat")
	settled, err1 := p.SettledRSS()
	now, err2 := p.RSS()
	peak, err3 := p.PeakRSS()
	if err := errors.Join(err1, err2, err3); err != nil || min(settled, now) < fat || peak < now || peak > 16*fat {
		t.Errorf("%d bytes settled, %d now, %d at most, %v", settled, now, peak, err)
	}
	lean := start(t, "lean") // and was fat
	now, err1 = lean.SettledRSS()
	peak, err2 = lean.PeakRSS()
	if err := errors.Join(err1, err2); err != nil || now <= 0 || peak < fat || now > peak-fat/2 {
		t.Errorf("%d bytes when freed, %d at most, %v", now, peak, err)
	}
	p.Stop()
	if _, err := p.RSS(); err == nil {
		t.Error("one that has ended holds memory")
	}
}

func TestStartOn_BindsToOneCPU(t *testing.T) {
	const cpu = 0
	runtime.LockOSThread() // the thread that is bound is the one that must be free again
	defer runtime.UnlockOSThread()
	if err := child.OnCPU(cpu, func() error { return nil }); err != nil {
		t.Skip(err) // a CPU that is not ours, or a system that binds no thread
	}
	p, err := child.StartOn(cpu, child.Options{Role: "threads"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if p.Said != "1 1 true" {
		t.Errorf("CPUs, GOMAXPROCS, no role for its own children: %s", p.Said)
	}
	all := start(t, "threads").Said
	if want := fmt.Sprintf("%d ", runtime.NumCPU()); !strings.HasPrefix(all, want) {
		t.Errorf("CPUs of one that is not bound, later: %s, want %s", all, want)
	}
}

func TestOnCPU_FailsWhereThereIsNone(t *testing.T) {
	called := false
	if err := child.OnCPU(1<<20, func() error { called = true; return nil }); err == nil || called {
		t.Errorf("error %v, called: %v", err, called)
	}
	if err := child.OnCPU(-1, func() error { return io.EOF }); err != io.EOF {
		t.Errorf("on any: %v", err)
	}
}

func TestVoice_HandsOverOneLine(t *testing.T) {
	for _, c := range []struct {
		written    []string
		line, rest string
	}{
		{[]string{"a\n"}, "a", ""},
		{[]string{"a", "", "b\r\n", "c", "\nd"}, "ab", "c\nd"},
		{[]string{"\n\na\n"}, "", "\na\n"},
	} {
		var rest strings.Builder
		if line, ok := child.Hear(&rest, c.written...); !ok || line != c.line || rest.String() != c.rest {
			t.Errorf("%q: %q, %q, %v", c.written, line, rest.String(), ok)
		}
	}
	var rest strings.Builder
	if _, ok := child.Hear(&rest, "a", "b"); ok || rest.Len() > 0 {
		t.Errorf("no whole line: %v, %q", ok, rest.String())
	}
}
