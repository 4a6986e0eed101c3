package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"eddy/stream"
)

// Both sides write and read in pieces of any size, over a transport that takes and gives what it
// likes. All bytes arrive, then the end, and nothing is held.
func TestTLS_RandomSizesBothWays(t *testing.T) {
	for seed := range uint64(25) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		size := 1 + rnd.IntN(200_000)
		most := []int{700, 5000, 40_000, 1 << 20}[rnd.IntN(4)]
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			tlsBubble(t, nil, nil, func(p *tlsPair) {
				p.mustStart()
				message := make([]byte, size)
				for i := range message {
					message[i] = byte(rnd.Uint32())
				}
				var ends []chan error
				for _, s := range []*stream.Stream{p.client, p.server} {
					own := rand.New(rand.NewPCG(seed, uint64(len(ends)))) // each coroutine has its own
					ends = append(ends, p.spawn(func(ctx context.Context) error {
						for rest := message; len(rest) > 0; {
							n := min(len(rest), 1+own.IntN(most))
							if err := s.Write(ctx, rest[:n]); err != nil {
								return err
							}
							rest = rest[n:]
						}
						s.CloseWrite()
						return nil
					}))
					other := rand.New(rand.NewPCG(seed, uint64(len(ends))))
					ends = append(ends, p.spawn(func(ctx context.Context) error {
						var got []byte
						for {
							b, err := s.ReadSome(ctx, 1+other.IntN(most))
							if got = append(got, b...); err == io.EOF {
								break
							} else if err != nil {
								return err
							}
						}
						if !bytes.Equal(got, message) || s.Truncated() {
							return fmt.Errorf("%d of %d bytes, truncated %v", len(got), size, s.Truncated())
						}
						return nil
					}))
				}
				for idle := 0; idle < 5; idle++ {
					p.toC.SetRoom(rnd.IntN(2 * most))
					p.toS.SetRoom(rnd.IntN(2 * most))
					synctest.Wait()
					c, s := p.toC.Take(), p.toS.Take()
					for c != "" || s != "" {
						idle = 0
						n, m := min(len(c), 1+rnd.IntN(most)), min(len(s), 1+rnd.IntN(most))
						p.toS.Send(c[:n])
						p.toC.Send(s[:m])
						c, s = c[n:], s[m:]
						synctest.Wait()
					}
				}
				for i, end := range ends {
					select {
					case err := <-end:
						if err != nil {
							t.Errorf("coroutine %d: %v", i, err)
						}
					default:
						t.Errorf("coroutine %d does not end", i)
					}
				}
				p.on(func() {
					if held := p.client.Held() + p.server.Held(); held != 0 {
						t.Errorf("%d bytes are held", held)
					}
				})
			})
		})
	}
}
