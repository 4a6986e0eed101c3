package e2e_test

import (
	"context"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium returns where the browser is, and skips the test if it is nowhere.
func chromium(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: no browser to test with")
	}
	return path
}

// browser is a browser process of its own with the chat's page.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// browse starts a browser and opens a page in it. It stops with close, or with the test.
func browse(ctx context.Context, t *testing.T, program, url string) (b *browser, close context.CancelFunc) {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, name := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "disable-extensions", "disable-dev-shm-usage",
		// A page that is not looked at would be slowed down.
		"disable-background-timer-throttling", "disable-renderer-backgrounding", "disable-backgrounding-occluded-windows",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx)
	b = &browser{t, ctx}
	close = sync.OnceFunc(func() {
		chromedp.Cancel(b.ctx) // waits for the process
		end()
	})
	t.Cleanup(close)
	b.do("open the page", chromedp.Navigate(url))
	return b, close
}

func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// until waits for a condition in JavaScript to hold.
func (b *browser) until(condition string) {
	b.t.Helper()
	poll := chromedp.Poll[bool](condition, chromedp.WithPollingInterval(20*time.Millisecond))
	if _, err := chromedp.Run(b.ctx, poll); err != nil {
		state, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.t.Fatalf("%s: %v; the page shows:\n%s", condition, err, state)
	}
}

// untilPresent waits until the page says that n people are there.
func (b *browser) untilPresent(n string) {
	b.t.Helper()
	b.until(`document.querySelector("#present").dataset.count === "` + n + `"`)
}

// untilState waits until the page shows a state of its connection.
func (b *browser) untilState(name string) {
	b.t.Helper()
	b.until(`document.querySelector("#state").dataset.state === "` + name + `" &&
		document.querySelector("#state").checkVisibility()`)
}

// sign sets the name under which the page writes.
func (b *browser) sign(name string) {
	b.t.Helper()
	b.do("set the name", chromedp.Clear(chromedp.CSS("#name")), chromedp.SendKeys(chromedp.CSS("#name"), name))
}

// say types a message, sends it with Enter, and waits until it was accepted.
func (b *browser) say(text string) {
	b.t.Helper()
	b.do("write a message", chromedp.SendKeys(chromedp.CSS("#text"), text+"\r"))
	b.until(`document.querySelector("#text").value === "" && !document.querySelector("#text").readOnly`)
}

// untilCount waits until the page shows n messages.
func (b *browser) untilCount(n string) {
	b.t.Helper()
	b.until(`document.querySelectorAll(".message").length >= ` + n)
}

const conversation = `[...document.querySelectorAll(".message")].map((m) =>
	m.querySelector(".author").textContent + ": " + m.querySelector(".words").textContent)`

// shows fails the test if the page shows anything else, in another order, or anything twice.
func (b *browser) shows(want ...string) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](conversation))
	if err != nil {
		b.t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		b.t.Fatalf("the page shows %q, want %q", got, want)
	}
}
