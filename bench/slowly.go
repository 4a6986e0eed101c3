package bench

import (
	"fmt"
	"io"
	"time"
)

// ReadSlowly reads r to its end, which must come after size bytes, and rests after every portion.
func ReadSlowly(r io.Reader, size, portion int64, rest time.Duration) error {
	var got int64
	for {
		n, err := io.CopyN(io.Discard, r, portion)
		got += n
		switch {
		case err == io.EOF && got == size:
			return nil
		case err == io.EOF:
			return fmt.Errorf("%d bytes of %d came", got, size)
		case err != nil:
			return err
		}
		time.Sleep(rest)
	}
}
