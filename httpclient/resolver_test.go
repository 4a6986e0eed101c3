package httpclient_test

import (
	"context"
	"net/netip"
	"testing"

	"eddy/httpclient"
	"eddy/loop"
	"eddy/tcp"
)

// oblivious is a resolver that does not know of loops.
type oblivious struct{ asked, release chan struct{} }

func (b oblivious) Resolve(context.Context, tcp.Query) ([]netip.AddrPort, error) {
	close(b.asked)
	<-b.release
	return []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, nil
}

func TestResolver_ThatBlocksDoesNotStopItsLoop(t *testing.T) {
	s := newServer(t, echo)
	g, err := loop.NewGroup(1, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	b := oblivious{make(chan struct{}), make(chan struct{})}
	c := newClient(t, httpclient.Options{Resolver: b})
	done := make(chan error, 1)
	g.Pick().Spawn(context.Background(), func(ctx context.Context) {
		_, err := c.Get(ctx, "http://name.example:"+s.URL[len("http://127.0.0.1:"):])
		done <- err
	})
	<-b.asked
	if err := g.Pick().Do(t.Context(), func(context.Context) error { return nil }); err != nil { // another one's turn
		t.Error(err)
	}
	close(b.release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
