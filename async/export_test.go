package async

// Waiters returns how many wait for f.
func Waiters[T any](f *Future[T]) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiters.n
}
