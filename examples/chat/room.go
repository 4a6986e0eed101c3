package main

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"eddy/async"
)

const (
	bufferSize = 200  // messages that a room remembers
	maxName    = 40   // characters
	maxText    = 2000 // characters
)

// Message is one line of the conversation.
type Message struct {
	ID   int64     `json:"id"` // 1 for the first, and one more for each that follows
	Name string    `json:"name"`
	Text string    `json:"text"`
	Time time.Time `json:"time"`
}

// cursor is what a client knows already.
type cursor struct {
	epoch   string // of the room that after is about; "" if it does not know
	after   int64  // the last message that it has; 0 for none
	present int    // how many people it shows; negative if it does not care
}

// update is what a client does not know yet.
type update struct {
	Epoch    string    `json:"epoch"`
	Messages []Message `json:"messages"`
	Last     int64     `json:"last"`    // the cursor for the next poll
	Present  int       `json:"present"` // how many people are there
	Gap      bool      `json:"gap"`     // there were messages before these that are forgotten
}

// room is the state that all requests share. Handlers run on several loops at once, so a
// mutex guards it; nothing waits while holding it.
type room struct {
	epoch   string          // tells this room from the one before the server was restarted
	changed async.Condition // notified after every change of what is below

	mu       sync.Mutex
	messages []Message // the newest ones; appended to and cut in front, never written over
	last     int64     // id of the newest message
	presence presence
	swept    bool // a call of sweep is on its way
	closed   bool
}

func newRoom() *room {
	return &room{epoch: rand.Text(), messages: []Message{}, presence: presence{make(map[string]visit)}}
}

// refusal is an error that the client is at fault for, and its text is for the client.
type refusal string

func (e refusal) Error() string { return string(e) }

// HTTPStatus makes it a 400.
func (e refusal) HTTPStatus() int { return 400 }

// post adds a message and shows it to everybody.
func (r *room) post(name, text string, now time.Time) (Message, error) {
	name, text = strings.Join(strings.Fields(name), " "), strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return Message{}, refusal("The message is empty.")
	case n > maxText:
		return Message{}, refusal("The message is longer than 2000 characters.")
	case utf8.RuneCountInString(name) > maxName:
		return Message{}, refusal("The name is longer than 40 characters.")
	case name == "":
		name = "Guest"
	}
	r.mu.Lock()
	r.last++
	m := Message{r.last, name, text, now.UTC()}
	if len(r.messages) == bufferSize {
		r.messages = r.messages[1:]
	}
	r.messages = append(r.messages, m)
	r.mu.Unlock()
	r.changed.NotifyAll()
	return m, nil
}

// since returns what is new for a client, and whether it should be told at once.
func (r *room) since(c cursor) (update, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	restarted := c.after > r.last || c.epoch != "" && c.epoch != r.epoch
	if restarted {
		c.after = 0
	}
	forgotten := r.last - int64(len(r.messages))
	part := r.messages[max(0, c.after-forgotten):]
	u := update{
		Epoch:    r.epoch,
		Messages: part[:len(part):len(part)], // shared: nobody writes to it again
		Last:     r.last,
		Present:  r.presence.count(),
		Gap:      c.after < forgotten,
	}
	news := len(part) > 0 || restarted || c.present >= 0 && c.present != u.Present
	return u, news || r.closed
}

// next waits until there is something new for a client, or until ctx ends, and returns
// what there is then. It registers first and looks then: a message that comes in between
// wakes it, too.
func (r *room) next(ctx context.Context, c cursor) update {
	for {
		wait := r.changed.Waiter(ctx)
		u, news := r.since(c)
		if news {
			wait.Cancel()
			return u
		}
		if wait.Wait(ctx) != nil {
			return u
		}
	}
}

// enter counts a client in while it polls.
func (r *room) enter(client string) {
	r.recount(func() { r.presence.enter(client) })
}

// leave ends what enter began. If it returns more than zero, sweep must be called after
// that time.
func (r *room) leave(client string, now time.Time) (sweep time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.presence.leave(client, now)
	if r.swept {
		return 0
	}
	r.swept = true
	return grace
}

// sweep counts out those who have not come back. If it returns more than zero, it must be
// called again after that time.
func (r *room) sweep(now time.Time) (again time.Duration) {
	r.recount(func() {
		again = r.presence.expire(now)
		r.swept = again > 0
	})
	return again
}

// recount changes who is present, and lets everybody know if their number changed.
func (r *room) recount(change func()) {
	r.mu.Lock()
	before := r.presence.count()
	change()
	changed := r.presence.count() != before
	r.mu.Unlock()
	if changed {
		r.changed.NotifyAll()
	}
}

// close answers all polls, now and from now on, at once: none holds up the end of the
// server.
func (r *room) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.changed.NotifyAll()
}
