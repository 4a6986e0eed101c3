package coding

// Holds reports whether a reader has something that is recycled.
func Holds(r *Reader) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.in != nil || r.codec != nil
}

// MaxEmpty is how many members of gzip's format may hold nothing.
const MaxEmpty = maxEmpty
