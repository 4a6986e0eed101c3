package e2e_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestChat is a visit of two people, each with a browser of their own.
func TestChat(t *testing.T) {
	program := chromium(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	chat := build(ctx, t)
	srv := start(ctx, t, chat, "127.0.0.1:0")

	ann, _ := browse(ctx, t, program, srv.url)
	ann.untilState("connected")
	ann.untilPresent("1")
	ann.sign("Ann")
	bob, closeBob := browse(ctx, t, program, srv.url)
	bob.sign("Bob")
	ann.untilPresent("2")
	bob.untilPresent("2")

	// Who writes next does not wait for the other to be shown the message before.
	want := []string{"Ann: hello", "Bob: hello, Ann", "Bob: how are you?", "Ann: <script>document.title = 'no'</script><b>bold</b>"}
	ann.say("hello")
	bob.say("hello, Ann")
	bob.say("how are you?")
	ann.say("<script>document.title = 'no'</script><b>bold</b>")
	for _, b := range []*browser{ann, bob} {
		b.untilCount("4")
		b.shows(want...)
		b.until(`document.title === "Eddy chat" && !document.querySelector(".words *")`)
	}
	ann.until(`document.querySelectorAll(".own").length === 2`)

	// A reload keeps the conversation, the name, and what is one's own; nobody sees it.
	ann.do("reload", chromedp.Reload())
	ann.untilCount("4")
	ann.shows(want...)
	ann.until(`document.querySelector("#name").value === "Ann" && document.querySelectorAll(".own").length === 2`)
	ann.untilPresent("2")

	closeBob()
	ann.untilPresent("1")

	// The same address, a new process: it knows nothing of before.
	srv.kill()
	ann.untilState("reconnecting")
	srv = start(ctx, t, chat, srv.addr)
	ann.untilState("connected")
	ann.say("still here")
	ann.untilCount("5")
	ann.shows(append(want, "Ann: still here")...)
	ann.until(`document.querySelector(".note") !== null && document.querySelectorAll(".own").length === 3`)

	// A poll that waits does not hold up the end.
	ann.untilPresent("1")
	soon, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := srv.interrupt(soon); err != nil {
		t.Errorf("at Ctrl-C: %v", err)
	}
	ann.untilState("reconnecting")
}
