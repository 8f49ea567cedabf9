// Package neighbors finds the nearest rows of one matrix for each row of another,
// exactly and chunk by chunk.
package neighbors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"sslmem/torch"
)

// A Neighbor is a row and how close it is; more is closer.
type Neighbor struct {
	Closeness float64
	Index     int
}

// A Closeness returns how close all rows of a [M, D] are to all of b [N, D], [M, N].
type Closeness func(a, b *torch.Tensor) *torch.Tensor

// Euclidean is minus the squared ℓ2 distance.
func Euclidean(a, b *torch.Tensor) *torch.Tensor {
	c := a.Mm(b.T()).MulScalarInPlace(2)
	c.SubInPlace(a.Square().SumDim([]int{1}, true), 1)
	return c.SubInPlace(b.Square().SumDim([]int{1}, true).T(), 1)
}

// Chunks bounds what is in memory at any time: the closeness of Queries rows to
// Rows others. 0 means 512 and 16,384.
type Chunks struct{ Queries, Rows int }

// nearer orders neighbors; of those that are as close the first row comes first.
func nearer(a, b Neighbor) int {
	return cmp.Or(cmp.Compare(b.Closeness, a.Closeness), cmp.Compare(a.Index, b.Index))
}

// merge returns the k nearest of two ordered lists, in order.
func merge(a, b []Neighbor, k int) []Neighbor {
	out := make([]Neighbor, 0, min(k, len(a)+len(b)))
	for len(out) < cap(out) {
		if len(b) == 0 || len(a) > 0 && nearer(a[0], b[0]) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

// Find calls found with the k nearest rows of x [N, D] for each row of queries
// [M, D], in order; the list is found's. Rows that are as close as each other
// come in the order of x. Both must be of one dtype, on one device, and k in
// 1 … N. The goroutine is locked to its thread meanwhile. When ctx ends, Find
// ends early with ctx's error.
func Find(ctx context.Context, x, queries *torch.Tensor, k int, close Closeness, c Chunks, found func(i int, near []Neighbor)) error {
	defer torch.LockThread()()
	rows, columns := cmp.Or(c.Queries, 512), cmp.Or(c.Rows, 16384)
	n, m := x.Size(0), queries.Size(0)
	for i := 0; i < m; i += rows {
		best := make([][]Neighbor, min(rows, m-i))
		for j := 0; j < n; j += columns {
			if err := ctx.Err(); err != nil {
				return err
			}
			var chunk [][]Neighbor
			err := torch.Try(func() {
				s := torch.NewScope()
				defer s.Close()
				torch.NoGrad(func() {
					a, b := s.Use(queries).Narrow(0, i, len(best)), s.Use(x).Narrow(0, j, min(columns, n-j))
					chunk = top(close(a, b), j, k)
				})
			})
			if err != nil {
				return fmt.Errorf("nearest neighbors: %w", err)
			}
			for r := range best {
				best[r] = merge(best[r], chunk[r], k)
			}
		}
		for r, near := range best {
			if c := near[0].Closeness; math.IsNaN(c) || math.IsInf(c, 0) {
				return errors.New("the features are so large that their distances overflow; the encoder has diverged")
			}
			found(i+r, near)
		}
	}
	return nil
}

// top returns the k nearest, or all if there are fewer, for each row of
// closeness [M, N], in order. offset is the place of the first column among all
// rows.
func top(closeness *torch.Tensor, offset, k int) [][]Neighbor {
	k = min(k, closeness.Size(1))
	values, places := closeness.Topk(k, 1, true)
	// Of columns that are as near as the kth, Topk takes any.
	within := torch.ToSlice[int64](closeness.Ge(values.Narrow(1, k-1, 1)).SumDim([]int{1}, false))
	v, p := torch.ToSlice[float64](values), torch.ToSlice[int64](places)
	out := make([][]Neighbor, len(within))
	for r := range out {
		if int(within[r]) > k {
			out[r] = nearestOf(torch.ToSlice[float64](closeness.Select(0, r)), v[r*k+k-1], offset, k)
			continue
		}
		out[r] = make([]Neighbor, k)
		for i := range k {
			out[r][i] = Neighbor{v[r*k+i], offset + int(p[r*k+i])}
		}
		if !slices.IsSortedFunc(out[r], nearer) {
			slices.SortFunc(out[r], nearer)
		}
	}
	return out
}

// nearestOf returns the k nearest of a row of closeness, in order; kth is the
// closeness of the last of them.
func nearestOf(closeness []float64, kth float64, offset, k int) []Neighbor {
	out := make([]Neighbor, 0, k)
	for i, c := range closeness {
		if c > kth {
			out = append(out, Neighbor{c, offset + i})
		}
	}
	for i, c := range closeness {
		if c == kth && len(out) < k {
			out = append(out, Neighbor{c, offset + i})
		}
	}
	slices.SortFunc(out, nearer)
	return out
}
