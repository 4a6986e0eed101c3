package stream

import (
	"context"

	"eddy/internal/poll"
)

// File is a regular file, as an *os.File is one.
type File = poll.File

// WriteFile sends n bytes of a regular file, from offset on, behind what was written before, and
// parks until the kernel has all of them. On a plain stream the bytes do not pass through the
// program (sendfile). If ctx ends before, or the file turns out to be shorter
// (io.ErrUnexpectedEOF), the stream is closed: what followed could not be told from the rest of the
// file. Any goroutine; the file may be used meanwhile, and closed after. The bytes of the file are
// output that waits, as all other: writes beside it meet their bound (see SetMaxWrite).
//
// The loop waits for the disk, though for no more than 256 KiB at a time. Files that the kernel does
// not have in memory, on a slow disk, are better copied by their handler, which may be handed
// off: io.Copy(s.Writer(ctx), f).
func (s *Stream) WriteFile(ctx context.Context, f File, offset int64, n int) error {
	return s.loop.Do(ctx, func(ctx context.Context) error {
		if s.flags&(closed|closing|ending) != 0 {
			return s.closedErr()
		}
		if n <= 0 {
			return nil
		}
		s.queue(piece{file: f, offset: offset, left: n}, n)
		_, err := s.writtenFuture().Wait(ctx)
		if err != nil && s.flags&closed == 0 {
			s.close(err)
		}
		return err
	})
}
