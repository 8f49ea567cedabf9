// Package torchtest helps to test code that computes with package torch: that
// no tensor is left behind, and that numbers are close to what they should be.
//
// A package whose tests make tensors lets Main count them at the end:
//
//	func TestMain(m *testing.M) { torchtest.Main(m) }
//
// and a test that should give back all it takes says so in its first line:
//
//	torchtest.NoLeak(t)
package torchtest

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"sslmem/torch"
)

// Main runs the tests and ends the process. If they pass but tensors are still
// living after the garbage collector has run, it says how many and fails: a
// scope was not closed, or a variable of the package holds a tensor.
//
// Operations get one thread: the tests of several packages run at the same
// time, and threads that wait for each other on cores that are taken are
// slower by far than none.
func Main(m *testing.M) {
	if torch.Init() == nil { // a test says what is wrong if it needs the library
		torch.SetNumThreads(1)
	}
	code := m.Run()
	if n := Drain(0); code == 0 && n != 0 {
		fmt.Fprintf(os.Stderr, "torchtest: %d tensors live after the last test; close their scopes, or let go of root tensors%s\n", n, whereMade())
		code = 1
	}
	os.Exit(code)
}

// NoLeak makes the test fail if more tensors live at its end than now. Call it
// first, so that it counts after all other clean-ups. The count is that of the
// whole process, so the test must not run in parallel with others. With
// SSLMEM_DEBUG_TENSORS=1 in the environment the failure tells where each of the
// living tensors was made; see [torch.WriteLiveTensors].
func NoLeak(t testing.TB) {
	t.Helper()
	lookAtShim()
	before := settled()
	t.Cleanup(func() {
		if n := Drain(before); n > before {
			t.Errorf("%d tensors live, %d more than before the test%s", n, n-before, whereMade())
		}
	})
}

// lookAtShim has go test run a package again, instead of showing its last
// results, once the shim was built anew: it notes the files and variables that
// tests look at, but Main has loaded the shim before it begins to.
func lookAtShim() {
	_ = os.Getenv("SSLMEM_SHIM")
	_, _ = os.Stat(torch.LibraryPath())
}

// whereMade tells where the living tensors were made, or how to find out.
func whereMade() string {
	if !torch.TrackingTensors() {
		return "; run it with SSLMEM_DEBUG_TENSORS=1 to see where they were made"
	}
	var b strings.Builder
	_ = torch.WriteLiveTensors(&b) // a Builder takes all
	return "\n" + b.String()
}

// Drain runs the garbage collector until at most want tensors live, or their
// number has not fallen for half a second, and returns how many live. Many
// goroutines can leave tensors behind faster than they are cleaned up.
func Drain(want int) int {
	least := torch.Live()
	for n, wait := least, time.Millisecond; n > want && wait < 500*time.Millisecond; wait *= 2 {
		runtime.GC() // queues the clean-ups of root tensors, which run on their own goroutine
		time.Sleep(wait)
		if n = torch.Live(); n < least {
			least, wait = n, time.Millisecond
		}
	}
	return torch.Live()
}

// settled returns the number of living tensors once collecting does not lower
// it any more, so that garbage of an earlier test does not hide a leak.
func settled() int {
	n := torch.Live()
	for same := 0; same < 2; {
		next := n
		if n > 0 {
			runtime.GC()
			time.Sleep(time.Millisecond)
			next = torch.Live()
		}
		if next == n {
			same++
		} else {
			same = 0
		}
		n = next
	}
	return n
}

// AllClose makes the test fail unless got and want have one shape and every
// element satisfies |got − want| ≤ atol + rtol·|want|. Two NaNs, and two equal
// infinities, are close. The failure names the worst element. The dtypes may
// differ; both tensors are compared as float64.
func AllClose(t testing.TB, got, want *torch.Tensor, rtol, atol float64) {
	t.Helper()
	gotShape, wantShape := got.Shape(), want.Shape()
	if fmt.Sprint(gotShape) != fmt.Sprint(wantShape) {
		t.Errorf("shape %v, want %v", gotShape, wantShape)
		return
	}
	Close(t, torch.ToSlice[float64](got), torch.ToSlice[float64](want), wantShape, rtol, atol)
}

// Close is AllClose for elements in row-major order; shape, which may be nil,
// serves the message.
func Close(t testing.TB, got, want []float64, shape []int, rtol, atol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d elements, want %d", len(got), len(want))
		return
	}
	wrong, worst, most := 0, 0, -1.0
	for i := range want {
		if e := excess(got[i], want[i], rtol, atol); e > 0 {
			wrong++
			if e > most {
				worst, most = i, e
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d elements differ; the worst, %v, is %v, want %v ± %.3g",
			wrong, len(want), position(worst, shape), got[worst], want[worst], atol+rtol*math.Abs(want[worst]))
	}
}

// excess tells by how much the difference is over what is allowed; it is not
// positive where it is allowed.
func excess(got, want, rtol, atol float64) float64 {
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return 0
	}
	e := math.Abs(got-want) - (atol + rtol*math.Abs(want))
	if math.IsNaN(e) || math.IsInf(want, 0) {
		return math.Inf(1)
	}
	return e
}

// position turns the row-major index i into one index a dimension.
func position(i int, shape []int) []int {
	if shape == nil {
		return []int{i}
	}
	at := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		at[d] = i % shape[d]
		i /= shape[d]
	}
	return at
}
