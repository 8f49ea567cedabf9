package prefetch_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sslmem/data/prefetch"
)

// All items come in order, each with all of its parts, also those without any.
func TestEachPart(t *testing.T) {
	for _, workers := range []int{1, 2, 9} {
		q := prefetch.StartEach(50, 2, workers, func() []int { return make([]int, 7) },
			func(i int, into []int) int { clear(into); return i % 8 },
			func(i, k int, into []int) error { into[k] = 100*i + k; return nil })
		for i := range 50 {
			b, err := q.Next()
			if err != nil {
				t.Fatal(err)
			}
			want := make([]int, 7)
			for k := range i % 8 {
				want[k] = 100*i + k
			}
			if !slices.Equal(b, want) {
				t.Fatalf("%d workers: item %d is %v", workers, i, b)
			}
			q.Recycle(b)
		}
		q.Stop()
	}
}

// Workers go on with the next items while one part takes long, and no further
// than there are buffers.
func TestEachDoesNotWait(t *testing.T) {
	slow := make(chan struct{})
	var parts atomic.Int32
	q := prefetch.StartEach(100, 2, 2, func() int { return 0 },
		func(int, int) int { return 4 },
		func(i, k, _ int) error {
			if i == 0 && k == 0 {
				<-slow
			}
			parts.Add(1)
			return nil
		})
	defer q.Stop()
	for deadline := time.Now().Add(5 * time.Second); parts.Load() < 11 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	time.Sleep(10 * time.Millisecond)
	if n := parts.Load(); n != 11 {
		t.Errorf("%d parts were made beside the slow one, want 11 of three items", n)
	}
	close(slow)
	if _, err := q.Next(); err != nil {
		t.Fatal(err)
	}
}

// The error is that of the first part that failed, and comes after the items
// before it; a queue can be stopped at any time.
func TestEachErrors(t *testing.T) {
	for range 50 {
		q := prefetch.StartEach(10, 3, 3, func() int { return 0 },
			func(int, int) int { return 5 },
			func(i, k, _ int) error {
				if i >= 2 && k >= 1 {
					return fmt.Errorf("part %d of %d", k, i)
				}
				return nil
			})
		for range 2 {
			if _, err := q.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := q.Next(); err == nil || err.Error() != "part 1 of 2" {
			t.Fatalf("error %v", err)
		}
		q.Stop()
	}
	q := prefetch.StartEach(1000, 1, 2, func() int { return 0 }, func(int, int) int { return 3 }, func(int, int, int) error { return errors.New("never asked for") })
	q.Stop()
}
