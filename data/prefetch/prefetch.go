// Package prefetch prepares the items of a sequence, such as batches of views,
// while earlier ones are used.
//
// One goroutine fills buffers in order and ahead of the reader; buffers that are
// given back are filled again, so that memory is bounded and nothing is
// allocated on the way. The items do not depend on timing:
//
//	q := prefetch.Start(steps, 2, newBuffer, fill)
//	defer q.Stop()
//	for range steps {
//		b, err := q.Next()
//		if err != nil {
//			return err
//		}
//		use(b)
//		q.Recycle(b)
//	}
package prefetch

// A Queue is a sequence that is being prepared. It is for one reader.
type Queue[T any] struct {
	ready chan item[T]
	free  chan T
	quit  chan struct{}
	done  chan struct{}
}

type item[T any] struct {
	value T
	err   error
	job   *job // of StartEach: what is still to do
}

// Start prepares n items, at most ahead of them before they are asked for.
// There are ahead+1 buffers, made by buffer; fill writes item i into one, in the
// order 0 … n−1, and is called from one goroutine. An error of fill is the last
// item. Stop must be called.
func Start[T any](n, ahead int, buffer func() T, fill func(i int, into T) error) *Queue[T] {
	q := newQueue(ahead, ahead, buffer)
	go q.run(n, fill)
	return q
}

// newQueue makes a queue with ahead+1 buffers and room for some ready ones.
func newQueue[T any](ahead, ready int, buffer func() T) *Queue[T] {
	q := &Queue[T]{
		ready: make(chan item[T], ready),
		free:  make(chan T, ahead+1),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	for range ahead + 1 {
		q.free <- buffer()
	}
	return q
}

func (q *Queue[T]) run(n int, fill func(i int, into T) error) {
	defer close(q.done)
	for i := range n {
		select {
		case <-q.quit:
			return
		case value := <-q.free:
			err := fill(i, value)
			select {
			case <-q.quit:
				return
			case q.ready <- item[T]{value: value, err: err}:
			}
			if err != nil {
				return
			}
		}
	}
}

// Next waits for the next item; it belongs to the caller until Recycle. After
// the last item, or after an error, Next must not be called again.
func (q *Queue[T]) Next() (T, error) {
	next := <-q.ready
	if next.job != nil {
		<-next.job.done
		return next.value, next.job.err
	}
	return next.value, next.err
}

// Recycle gives back the buffer of an item that is done with.
func (q *Queue[T]) Recycle(value T) { q.free <- value }

// Stop ends the preparation, at any time, and waits for it.
func (q *Queue[T]) Stop() {
	close(q.quit)
	<-q.done
}
