package prefetch_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sslmem/data/prefetch"
)

// All items come in order, each whole, from ahead+1 buffers.
func TestOrderAndBuffers(t *testing.T) {
	for _, ahead := range []int{1, 2, 5} {
		made := 0
		q := prefetch.Start(100, ahead, func() []int { made++; return make([]int, 4) }, func(i int, into []int) error {
			for k := range into {
				into[k] = i
			}
			return nil
		})
		for i := range 100 {
			b, err := q.Next()
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range b {
				if v != i {
					t.Fatalf("ahead %d: item %d holds %v", ahead, i, b)
				}
			}
			q.Recycle(b)
		}
		q.Stop()
		if made != ahead+1 {
			t.Errorf("ahead %d: %d buffers, want %d", ahead, made, ahead+1)
		}
	}
}

// No more than the promised items are prepared before they are asked for.
func TestStaysBounded(t *testing.T) {
	var filled atomic.Int32
	q := prefetch.Start(100, 2, func() int { return 0 }, func(int, int) error { filled.Add(1); return nil })
	defer q.Stop()
	for deadline := time.Now().Add(5 * time.Second); filled.Load() < 3 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	time.Sleep(20 * time.Millisecond)
	if n := filled.Load(); n != 3 {
		t.Errorf("%d buffers were filled without a reader, want all 3", n)
	}
}

func TestErrorIsTheLastItem(t *testing.T) {
	broken := errors.New("broken")
	calls := 0
	q := prefetch.Start(10, 3, func() int { return 0 }, func(i, _ int) error {
		calls++
		if i == 2 {
			return broken
		}
		return nil
	})
	for range 2 {
		if b, err := q.Next(); err != nil {
			t.Fatal(err)
		} else {
			q.Recycle(b)
		}
	}
	if _, err := q.Next(); !errors.Is(err, broken) {
		t.Errorf("error %v, want the one of fill", err)
	}
	q.Stop()
	if calls != 3 {
		t.Errorf("fill was called %d times, want 3", calls)
	}
}

// Stopping early, with all buffers full or with one in the reader's hands,
// does not hang.
func TestStopEarly(t *testing.T) {
	for read := range 3 {
		q := prefetch.Start(100, 1, func() int { return 0 }, func(int, int) error { return nil })
		for i := range read {
			b, _ := q.Next()
			if i+1 < read {
				q.Recycle(b)
			}
		}
		q.Stop()
	}
}
