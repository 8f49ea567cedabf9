package prefetch

import (
	"sync"
	"sync/atomic"
)

// StartEach is Start for items that are made of parts, such as batches of images
// that are decoded one by one. begin prepares the buffer of item i and says how
// many parts it has; it is called in the order 0 … n−1 and from one goroutine.
// part makes part k of item i and is called from as many goroutines as workers
// says, for the parts of several items at once: nobody waits for the last part
// of an item as long as there are others. The error of an item is that of its
// first part that failed. It comes in its turn, after all items before it.
func StartEach[T any](n, ahead, workers int, buffer func() T, begin func(i int, into T) (parts int), part func(i, k int, into T) error) *Queue[T] {
	q := newQueue(ahead, ahead+1, buffer)
	go q.runEach(n, workers, begin, part)
	return q
}

// A job counts what is left of one item.
type job struct {
	left atomic.Int64
	done chan struct{} // closed when nothing is left

	mu     sync.Mutex
	failed int // the first part that failed
	err    error
}

// finish notes how a part went.
func (j *job) finish(k int, err error) {
	if err != nil {
		j.mu.Lock()
		if j.err == nil || k < j.failed {
			j.failed, j.err = k, err
		}
		j.mu.Unlock()
	}
	if j.left.Add(-1) == 0 {
		close(j.done)
	}
}

func (q *Queue[T]) runEach(n, workers int, begin func(i int, into T) int, part func(i, k int, into T) error) {
	defer close(q.done)
	type task struct {
		*job
		i, k int
		into T
	}
	tasks := make(chan task)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(tasks)
	for range max(workers, 1) {
		wg.Go(func() {
			for t := range tasks {
				t.finish(t.k, part(t.i, t.k, t.into))
			}
		})
	}
	for i := range n {
		var value T
		select {
		case <-q.quit:
			return
		case value = <-q.free:
		}
		j := &job{done: make(chan struct{})}
		parts := begin(i, value)
		j.left.Store(int64(parts))
		if parts == 0 {
			close(j.done)
		}
		q.ready <- item[T]{value: value, job: j} // has room for every buffer
		for k := range parts {
			select {
			case <-q.quit:
				return
			case tasks <- task{j, i, k, value}:
			}
		}
	}
}
