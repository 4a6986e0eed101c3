package async

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

var (
	// ErrQueueFull is returned by TryPut.
	ErrQueueFull = errors.New("async: queue is full")
	// ErrQueueEmpty is returned by TryGet.
	ErrQueueEmpty = errors.New("async: queue is empty")
	// ErrQueueClosed is returned by what would put into a closed queue, or get from one
	// that is closed and empty.
	ErrQueueClosed = errors.New("async: queue is closed")
)

// Queue hands items over from those who put to those who get, each in the order of their
// coming. The zero Queue is first in, first out, and has no bound; [NewQueue] makes one that
// has, in which Put waits while it is full, [NewPriorityQueue] and [NewLifoQueue] make
// those with another order of items.
//
// Who takes work from a queue may say when it is done (TaskDone), so that others can wait
// until all of it is (Join).
type Queue[T any] struct {
	mu         sync.Mutex
	items      store[T] // nil: a fifo that is not made yet
	most       int      // 0: no bound
	closed     bool
	getters    waitlist[transfer[T]] // while there are no items
	putters    waitlist[transfer[T]] // while there is no room
	joiners    waitlist[none]
	unfinished int // items put and not reported done
}

// transfer is what a getter waits for, or a putter to be rid of.
type transfer[T any] struct {
	item     T
	done     bool // else the wait was ended by Close,
	panicked any  // or by this panic of the compare function
}

// NewQueue returns a queue, first in, first out, that holds up to most items; 0 is no bound.
// It panics if most is negative.
func NewQueue[T any](most int) *Queue[T] { return newQueue(most, store[T](new(fifo[T]))) }

// NewPriorityQueue is [NewQueue] for a queue whose least item is taken first; of equal
// ones, the one that was put first. compare is negative if a comes before b, as cmp.Compare is,
// and must not use the queue. If it panics, the queue stays as it was: the panic reaches who put
// the item, which is not in the queue then, or who would have got one, which is still there.
func NewPriorityQueue[T any](most int, compare func(a, b T) int) *Queue[T] {
	return newQueue(most, store[T](&priority[T]{compare: compare}))
}

// NewLifoQueue is [NewQueue] for a queue whose item that was put last is taken first.
func NewLifoQueue[T any](most int) *Queue[T] { return newQueue(most, store[T](new(lifo[T]))) }

func newQueue[T any](most int, items store[T]) *Queue[T] {
	if most < 0 {
		panic(fmt.Sprintf("async: queue of %d items", most))
	}
	return &Queue[T]{items: items, most: most}
}

// store returns the items. mu is held, as in all that is not exported.
func (q *Queue[T]) store() store[T] {
	if q.items == nil {
		q.items = new(fifo[T])
	}
	return q.items
}

func (q *Queue[T]) full() bool { return q.most > 0 && q.store().len() >= q.most }

// Put adds an item, and waits while the queue is full. If ctx ends first it returns ctx's
// error, and the item is not in the queue. It returns ErrQueueClosed if the queue is
// closed, also while it waits.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	q.mu.Lock()
	if q.closed || !q.full() {
		return q.put(item)
	}
	w := q.putters.join(ctx, transfer[T]{item: item})
	if err := q.putters.wait(ctx, &q.mu, w); err != nil {
		return err
	}
	if p := w.item.panicked; p != nil {
		panic(p)
	}
	if !w.item.done {
		return ErrQueueClosed
	}
	return nil
}

// TryPut adds an item, or returns ErrQueueFull or ErrQueueClosed at once.
func (q *Queue[T]) TryPut(item T) error {
	q.mu.Lock()
	if !q.closed && q.full() {
		q.mu.Unlock()
		return ErrQueueFull
	}
	return q.put(item)
}

// put hands an item to the first who waits for one, or stores it. It unlocks mu.
func (q *Queue[T]) put(item T) error {
	if q.closed {
		q.mu.Unlock()
		return ErrQueueClosed
	}
	w := q.getters.pop()
	if w != nil {
		w.item = transfer[T]{item: item, done: true}
	} else {
		q.push(item)
	}
	q.unfinished++
	q.mu.Unlock()
	if w != nil {
		w.Wake()
	}
	return nil
}

// Get takes the next item, and waits for one while there is none. If ctx ends first it
// returns ctx's error and takes none. An item that is there is given also to a ctx that has
// ended. Once the queue is closed and empty it returns ErrQueueClosed.
func (q *Queue[T]) Get(ctx context.Context) (item T, err error) {
	q.mu.Lock()
	if q.closed || q.store().len() > 0 {
		return q.get(ErrQueueClosed)
	}
	w := q.getters.join(ctx, transfer[T]{})
	if err := q.getters.wait(ctx, &q.mu, w); err != nil {
		return item, err
	}
	if !w.item.done {
		return item, ErrQueueClosed
	}
	return w.item.item, nil
}

// TryGet takes the next item, or returns ErrQueueEmpty or ErrQueueClosed at once.
func (q *Queue[T]) TryGet() (item T, err error) {
	q.mu.Lock()
	if q.closed {
		return q.get(ErrQueueClosed)
	}
	return q.get(ErrQueueEmpty)
}

// get takes an item and lets the first who waits to put come after it; without an item
// it returns empty. It unlocks mu.
func (q *Queue[T]) get(empty error) (item T, err error) {
	var w *waiter[transfer[T]]
	defer func() { // also if compare panics
		q.mu.Unlock()
		if w != nil {
			w.Wake()
		}
	}()
	if q.store().len() == 0 {
		return item, empty
	}
	if q.putters.n > 0 && q.store().len() <= q.most {
		w = q.putters.pop()
		q.admit(w) // first: its item may be the one to take
	}
	return q.store().pop(), nil
}

// admit stores the item of one who waited to put. A panic about it is for that one.
func (q *Queue[T]) admit(w *waiter[transfer[T]]) {
	w.item.panicked = ErrExited
	defer func() {
		if p := recover(); p != nil {
			w.item.panicked = p
		}
	}()
	q.store().push(w.item.item)
	q.unfinished++
	w.item.done, w.item.panicked = true, nil
}

// push stores an item. If compare panics, the queue must not stay locked.
func (q *Queue[T]) push(item T) {
	done := false
	defer func() {
		if !done {
			q.mu.Unlock()
		}
	}()
	q.store().push(item)
	done = true
}

// All takes items until the queue is closed and empty, ctx ends, which ctx.Err then says, or
// the coroutine's loop is closed. What a loop over it leaves by break has been taken.
func (q *Queue[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for ctx.Err() == nil {
			item, err := q.Get(ctx)
			if err != nil || !yield(item) {
				return
			}
		}
	}
}

// Close lets nothing more be put. What is in the queue can still be taken. Who waits to put,
// or finds nothing to get, has ErrQueueClosed. A second call does nothing.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	q.closed = true
	getters, putters := q.getters.take(q.getters.n), q.putters.take(q.putters.n)
	q.mu.Unlock()
	getters.wake()
	putters.wake()
}

// TaskDone says that one item that was taken is dealt with. It panics if it is called more
// often than items were put.
func (q *Queue[T]) TaskDone() {
	q.mu.Lock()
	if q.unfinished == 0 {
		q.mu.Unlock()
		panic("async: TaskDone called more often than items were put")
	}
	q.unfinished--
	var joiners taken[none]
	if q.unfinished == 0 {
		joiners = q.joiners.take(q.joiners.n)
	}
	q.mu.Unlock()
	joiners.wake()
}

// Join waits until TaskDone was called for every item that was put: nil then, at once if
// there is none, and ctx's error if that ends first.
func (q *Queue[T]) Join(ctx context.Context) error {
	q.mu.Lock()
	if q.unfinished == 0 {
		q.mu.Unlock()
		return nil
	}
	return q.joiners.wait(ctx, &q.mu, q.joiners.join(ctx, none{}))
}

// Len returns how many items are in the queue.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.store().len()
}

// Cap returns how many items the queue holds at most, 0 for no bound.
func (q *Queue[T]) Cap() int { return q.most }
