package torch

/*
#include <stdlib.h>
#include "shim/api_gen.h"
*/
import "C"

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Live returns the number of tensors that exist in this process: those of
// open scopes and the root tensors that are not collected yet. Each name of a
// tensor counts, even where several share memory. It does not load libtorch.
func Live() int {
	if !library.loaded.Load() {
		return 0
	}
	return int(C.ct_live())
}

// tracked knows where each living tensor was made, while it is on.
var tracked struct {
	on atomic.Bool
	sync.Mutex
	origins map[C.ct_tensor]*origin
	last    uint64
}

type origin struct {
	number uint64 // in the order of making
	depth  int
	pcs    [32]uintptr
	n      int
}

func init() {
	if os.Getenv("SSLMEM_DEBUG_TENSORS") == "1" {
		TrackTensors(true)
	}
}

// TrackTensors says whether the call stack is noted with each tensor that is
// made from now on, for [LiveTensors] and [WriteLiveTensors]; switching it off
// forgets the notes. It is for finding leaks, and costs some microseconds and
// half a kilobyte for each tensor while on, but nothing while off. The
// environment variable SSLMEM_DEBUG_TENSORS=1 switches it on from the start.
func TrackTensors(on bool) {
	tracked.Lock()
	defer tracked.Unlock()
	tracked.on.Store(on)
	tracked.origins = nil
	if on {
		tracked.origins = map[C.ct_tensor]*origin{}
	}
}

// TrackingTensors reports whether [TrackTensors] is on.
func TrackingTensors() bool { return tracked.on.Load() }

// track notes that h was made in s.
func track(h C.ct_tensor, s *Scope) {
	o := &origin{depth: s.level()}
	o.n = runtime.Callers(3, o.pcs[:])
	tracked.Lock()
	defer tracked.Unlock()
	if tracked.origins != nil {
		tracked.last++
		o.number = tracked.last
		tracked.origins[h] = o
	}
}

// untrack forgets handles; it goes before their release, so that LiveTensors
// never looks at one that is gone.
func untrack(handles ...C.ct_tensor) {
	tracked.Lock()
	defer tracked.Unlock()
	for _, h := range handles {
		delete(tracked.origins, h)
	}
}

// trackMove notes that h belongs to s now.
func trackMove(h C.ct_tensor, s *Scope) {
	tracked.Lock()
	defer tracked.Unlock()
	if o := tracked.origins[h]; o != nil {
		o.depth = s.level()
	}
}

// A LiveTensor tells about one living tensor.
type LiveTensor struct {
	Shape  []int
	DType  DType
	Device Device
	Bytes  int             // of the elements; views and second names share them with others
	Depth  int             // of the scope that owns it; 0 is Root
	Stack  []runtime.Frame // who made it, the innermost call first, without frames of this package and of the runtime
}

// LiveTensors returns all tensors that were made since [TrackTensors] was
// switched on and still live, in the order in which they were made; nil while
// it is off.
func LiveTensors() []LiveTensor {
	tracked.Lock()
	defer tracked.Unlock()
	handles := make([]C.ct_tensor, 0, len(tracked.origins))
	for h := range tracked.origins {
		handles = append(handles, h)
	}
	slices.SortFunc(handles, func(a, b C.ct_tensor) int {
		return cmp.Compare(tracked.origins[a].number, tracked.origins[b].number)
	})
	var live []LiveTensor
	for _, h := range handles {
		o := tracked.origins[h]
		t := LiveTensor{Depth: o.depth, Stack: outside(o.pcs[:o.n])}
		var m C.ct_meta
		if err := C.ct_describe(h, &m); err != nil { // of too many dimensions
			C.free(unsafe.Pointer(err))
			live = append(live, t)
			continue
		}
		for _, n := range m.size[:m.dim] {
			t.Shape = append(t.Shape, int(n))
		}
		t.DType = DType(m.dtype)
		t.Device = Device{Type: DeviceType(m.device_type), Index: int(m.device_index)}
		t.Bytes = int(m.numel) * t.DType.Size()
		live = append(live, t)
	}
	return live
}

// outside returns the frames that are neither of this package nor of Go's
// runtime.
func outside(pcs []uintptr) []runtime.Frame {
	own := reflect.TypeFor[Tensor]().PkgPath() + "."
	var stack []runtime.Frame
	for frames := runtime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, own) && !strings.HasPrefix(f.Function, "runtime.") {
			stack = append(stack, f)
		}
		if !more {
			return stack
		}
	}
}

// WriteLiveTensors writes a report of [LiveTensors], one entry for each place
// in the program that made some: how many, of how many bytes, the latest of
// them, and the calls that led there. The largest come first.
func WriteLiveTensors(w io.Writer) error {
	type group struct {
		count, bytes int
		latest       LiveTensor
		calls        string
	}
	groups := map[string]*group{}
	live := LiveTensors()
	for _, t := range live {
		var calls strings.Builder
		for _, f := range t.Stack {
			fmt.Fprintf(&calls, "    %s\n        %s:%d\n", f.Function, f.File, f.Line)
		}
		g := groups[calls.String()]
		if g == nil {
			g = &group{calls: calls.String()}
			groups[g.calls] = g
		}
		g.count++
		g.bytes += t.Bytes
		g.latest = t
	}
	sorted := make([]*group, 0, len(groups))
	for _, g := range groups {
		sorted = append(sorted, g)
	}
	slices.SortFunc(sorted, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(b.count, a.count), strings.Compare(a.calls, b.calls))
	})
	var b strings.Builder
	if !TrackingTensors() {
		b.WriteString("where tensors are made is not noted; set SSLMEM_DEBUG_TENSORS=1 or call torch.TrackTensors(true) first\n")
	}
	fmt.Fprintf(&b, "%d tensors live, %d of them from %d places that are known:\n", Live(), len(live), len(sorted))
	for _, g := range sorted {
		t := g.latest
		fmt.Fprintf(&b, "%d of %d bytes in all, the latest %v%v at scope depth %d, made by\n%s", g.count, g.bytes, t.DType, t.Shape, t.Depth, g.calls)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
