package tunnel

import (
	"net/url"

	"eddy/httputil"
)

// RefusalTime and RefusalBody are those of the package.
const (
	RefusalTime = refusalTime
	RefusalBody = refusalBody
)

// Talk is a conversation without a stream.
type Talk struct {
	c    conversation
	in   []byte
	Sent []byte // by this side
	Open bool
	Err  error
}

// NewTalk begins a conversation.
func NewTalk(proxy *url.URL, target string, extra *httputil.Header) (*Talk, error) {
	c, err := newConversation(proxy, target, extra)
	if err != nil {
		return nil, located(err, proxy, target)
	}
	return &Talk{c: c, Sent: c.begin()}, nil
}

// Feed gives it what the proxy has sent. Nothing is looked at once it is over.
func (t *Talk) Feed(p []byte) {
	t.in = append(t.in, p...)
	if t.Open || t.Err != nil {
		return
	}
	had := len(t.in)
	progress, err := t.c.take(t.in)
	if progress.used > had {
		panic("more was used than there is")
	}
	t.in = t.in[progress.used:]
	t.Sent = append(t.Sent, progress.send...)
	t.Open, t.Err = progress.open, err
}

// End ends what the proxy sends.
func (t *Talk) End() {
	if !t.Open && t.Err == nil {
		t.Err = t.c.end()
	}
}

// Left returns what nobody has used.
func (t *Talk) Left() []byte { return t.in }
