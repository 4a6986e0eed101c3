package coding

// Holds reports whether a reader, or one that it reads from, has something that is recycled.
func Holds(r *Reader) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, ok := r.from.body.(*Reader)
	return r.in != nil || r.codec != nil || ok && Holds(next)
}

// MaxEmpty is how many members of gzip's format may hold nothing.
const MaxEmpty = maxEmpty
