package stream

import (
	"context"

	"eddy/loop"
)

// Pair returns two streams that are connected with each other, one on each loop; the loops
// may be the same, and their pollers are of one kind. They are sockets: a pair of the
// system's where there is one, TCP over the loopback interface on the net poller, in memory
// on a fake one. Any goroutine, but not a callback of a loop, because it waits.
func Pair(ctx context.Context, a, b *loop.Loop) (near, far *Stream, err error) {
	fd, other, err := a.Files().Pair()
	if err != nil {
		return nil, nil, err
	}
	if near, err = open(ctx, a, fd, a); err != nil {
		a.Files().Close(other)
		return nil, nil, err
	}
	if far, err = open(ctx, b, other, a); err != nil {
		a.Do(context.WithoutCancel(ctx), func(context.Context) error { near.CloseNow(); return nil })
		return nil, nil, err
	}
	return near, far, nil
}

// open is New from anywhere, for a descriptor that was opened on a loop of the same kind.
func open(ctx context.Context, l *loop.Loop, fd int, opener *loop.Loop) (s *Stream, err error) {
	taken := false
	err = l.Do(ctx, func(context.Context) error {
		taken = true
		s, err = New(l, fd)
		return err
	})
	if !taken {
		opener.Files().Close(fd)
	}
	return s, err
}
