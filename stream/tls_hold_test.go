package stream_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"eddy/internal/testcert"
)

// Whatever the size of its reads, a stream that has read everything holds nothing.
func TestTLS_ReadsOfAnySizeLeaveNoBuffers(t *testing.T) {
	for _, size := range []int{100, 5000, 16384, 20000, 70000, 120_001} {
		for _, piece := range []int{1000, 4097, 7000, 16384} {
			t.Run(fmt.Sprint(size, " by ", piece), func(t *testing.T) {
				tlsBubble(t, nil, nil, func(p *tlsPair) {
					p.mustStart()
					p.on(func() { p.client.SendBytes([]byte(strings.Repeat("x", size))) })
					p.toS.Send(p.toC.Take())
					err := <-p.spawn(func(ctx context.Context) error {
						for left := size; left > 0; {
							b, err := p.server.ReadBytes(ctx, min(piece, left))
							if err != nil {
								return err
							}
							left -= len(b)
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
					p.on(func() {
						if held := p.server.Held(); held != 0 {
							t.Errorf("the server holds %d bytes", held)
						}
					})
				})
			})
		}
	}
}

// Session tickets come when the handshake is over.
func TestTLS_SessionTicketsLeaveNoBuffers(t *testing.T) {
	a := testcert.Shared()
	tlsBubble(t, &recorder{}, nil, func(p *tlsPair) {
		config, tickets := a.Client(), &countedCache{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		config.ClientSessionCache = tickets
		client, server := p.start(config, a.Server(t))
		if c, s := <-client, <-server; c != nil || s != nil {
			t.Fatal(c, s)
		}
		p.on(func() {
			if held := p.client.Held(); held != 0 || tickets.put == 0 {
				t.Errorf("the client holds %d bytes after %d tickets", held, tickets.put)
			}
		})
	})
}

type countedCache struct {
	tls.ClientSessionCache
	put int
}

func (c *countedCache) Put(key string, s *tls.ClientSessionState) {
	c.put++
	c.ClientSessionCache.Put(key, s)
}
