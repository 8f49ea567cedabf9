package data

import (
	"fmt"
	"math"
	"slices"
)

// An index lists many files in little memory: one table of names and a few
// bytes for each file. 1.3 million files of ImageNet take about 40 MB.
type index struct {
	folders []string // names with "/" at the end, or ""
	names   []byte   // last elements of all paths, one after the other
	end     []uint32 // where each ends in names
	folder  []uint32 // of each file, a place in folders
	label   []int32  // of each file, −1 for none
}

func (x *index) len() int { return len(x.end) }

// add appends a file. Files of one folder should follow each other.
func (x *index) add(folder, name string, label int) error {
	if n := len(x.folders); n == 0 || x.folders[n-1] != folder {
		x.folders = append(x.folders, folder)
	}
	if len(x.names)+len(name) > math.MaxUint32 {
		return fmt.Errorf("data: the names of the files take more than %d bytes", math.MaxUint32)
	}
	x.names = append(x.names, name...)
	x.end = append(x.end, uint32(len(x.names)))
	x.folder = append(x.folder, uint32(len(x.folders)-1))
	x.label = append(x.label, int32(label))
	return nil
}

// path returns the path of a file below the root.
func (x *index) path(i int) string {
	start := uint32(0)
	if i > 0 {
		start = x.end[i-1]
	}
	return x.folders[x.folder[i]] + string(x.names[start:x.end[i]])
}

// clip gives back the memory that growing left unused.
func (x *index) clip() {
	x.names, x.end, x.folder, x.label = slices.Clone(x.names), slices.Clone(x.end), slices.Clone(x.folder), slices.Clone(x.label)
}
