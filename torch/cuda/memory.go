package cuda

/*
#include "../shim/cuda/api_gen.h"
*/
import "C"

import (
	"fmt"
	"strings"
)

// A Stat is one quantity of the memory allocator.
type Stat struct {
	Current   int64 // now
	Peak      int64 // highest since the start, or since ResetPeakMemoryStats
	Allocated int64 // all that was ever added
	Freed     int64 // all that was ever taken away
}

// Stats are the counters of the caching allocator of one device, under
// PyTorch's names.
type Stats struct {
	AllocatedBytes  Stat  // bytes in blocks that tensors hold
	ReservedBytes   Stat  // bytes that the process took from the device
	ActiveBytes     Stat  // AllocatedBytes and blocks that a stream still uses
	RequestedBytes  Stat  // bytes that were asked for, before rounding up to blocks
	Allocation      Stat  // number of blocks that tensors hold
	Segment         Stat  // number of pieces that were taken from the device
	NumAllocRetries int64 // times that the cache had to be emptied for a block
	NumOOMs         int64 // times that this did not help
}

func stat(s C.ct_cuda_stat) Stat {
	return Stat{Current: int64(s.current), Peak: int64(s.peak), Allocated: int64(s.allocated), Freed: int64(s.freed)}
}

// MemoryStats returns the counters of a device.
func MemoryStats(index int) (Stats, error) {
	var m C.ct_cuda_memory
	if err := do("MemoryStats", func() C.ct_err { return C.ct_cuda_memory_stats(C.int32_t(index), &m) }); err != nil {
		return Stats{}, err
	}
	return Stats{
		AllocatedBytes: stat(m.allocated_bytes), ReservedBytes: stat(m.reserved_bytes),
		ActiveBytes: stat(m.active_bytes), RequestedBytes: stat(m.requested_bytes),
		Allocation: stat(m.allocation), Segment: stat(m.segment),
		NumAllocRetries: int64(m.num_alloc_retries), NumOOMs: int64(m.num_ooms),
	}, nil
}

// MemoryAllocated returns the bytes that tensors hold on a device.
func MemoryAllocated(index int) (int64, error) {
	s, err := MemoryStats(index)
	return s.AllocatedBytes.Current, err
}

// MaxMemoryAllocated returns the highest MemoryAllocated since the start, or
// since [ResetPeakMemoryStats].
func MaxMemoryAllocated(index int) (int64, error) {
	s, err := MemoryStats(index)
	return s.AllocatedBytes.Peak, err
}

// MemoryReserved returns the bytes that libtorch took from a device: those of
// tensors, and those that it keeps for later ones.
func MemoryReserved(index int) (int64, error) {
	s, err := MemoryStats(index)
	return s.ReservedBytes.Current, err
}

// MaxMemoryReserved returns the highest MemoryReserved since the start, or
// since [ResetPeakMemoryStats].
func MaxMemoryReserved(index int) (int64, error) {
	s, err := MemoryStats(index)
	return s.ReservedBytes.Peak, err
}

// ResetPeakMemoryStats makes the current values the peaks.
func ResetPeakMemoryStats(index int) error {
	return do("ResetPeakMemoryStats", func() C.ct_err { return C.ct_cuda_reset_peak_stats(C.int32_t(index)) })
}

// EmptyCache gives the memory back to all devices that no tensor holds, so
// that other processes can have it. This program gains nothing by it.
func EmptyCache() error {
	return do("EmptyCache", func() C.ct_err { return C.ct_cuda_empty_cache() })
}

// MemGetInfo returns the bytes of a device that are free and those that it
// has, for all processes, as the driver says.
func MemGetInfo(index int) (free, total int64, err error) {
	var f, t C.int64_t
	err = do("MemGetInfo", func() C.ct_err { return C.ct_cuda_memory_info(C.int32_t(index), &f, &t) })
	return int64(f), int64(t), err
}

// SetPerProcessMemoryFraction limits what this process takes of a device's
// memory to a fraction of it, from 0 to 1; more is out of memory.
func SetPerProcessMemoryFraction(fraction float64, index int) error {
	return do("SetPerProcessMemoryFraction", func() C.ct_err {
		return C.ct_cuda_set_memory_fraction(C.int32_t(index), C.double(fraction))
	})
}

// MemorySummary returns a table of a device's memory for people to read.
func MemorySummary(index int) (string, error) {
	s, err := MemoryStats(index)
	if err != nil {
		return "", err
	}
	return summary(index, s), nil
}

func summary(index int, s Stats) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cuda:%d  %d out of memory, %d retries\n", index, s.NumOOMs, s.NumAllocRetries)
	fmt.Fprintf(&b, "%-16s %12s %12s %12s %12s\n", "", "current", "peak", "total in", "total out")
	for _, row := range []struct {
		name  string
		stat  Stat
		bytes bool
	}{
		{"allocated", s.AllocatedBytes, true}, {"active", s.ActiveBytes, true}, {"requested", s.RequestedBytes, true},
		{"reserved", s.ReservedBytes, true}, {"allocations", s.Allocation, false}, {"segments", s.Segment, false},
	} {
		fmt.Fprintf(&b, "%-16s", row.name)
		for _, v := range []int64{row.stat.Current, row.stat.Peak, row.stat.Allocated, row.stat.Freed} {
			if row.bytes {
				fmt.Fprintf(&b, " %12s", fmt.Sprintf("%.1f MiB", float64(v)/(1<<20)))
			} else {
				fmt.Fprintf(&b, " %12d", v)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
