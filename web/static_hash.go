package web

import (
	"hash"
	"runtime"
)

// hashers has those who compute a hash right now: on half of the processors at most. However many files
// are new, who asks for something else is served.
var hashers = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// A politeHash computes piece by piece, and lets others go on in between. It is not among the hashers
// while the next piece is read, as a disk may be slow.
type politeHash struct{ hash.Hash }

func (p politeHash) Write(piece []byte) (int, error) {
	hashers <- struct{}{}
	n, err := p.Hash.Write(piece)
	<-hashers
	runtime.Gosched() // there may be one processor
	return n, err
}
