package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"sslmem/torch"
)

// neighbor is a training image and how close it is: the cosine, or minus the
// squared Euclidean distance.
type neighbor struct {
	closeness float64
	index     int
}

// nearer orders neighbors.
func nearer(a, b neighbor) int {
	return cmp.Or(cmp.Compare(b.closeness, a.closeness), cmp.Compare(a.index, b.index))
}

// merge returns the k nearest of two ordered lists, in order.
func merge(a, b []neighbor, k int) []neighbor {
	out := make([]neighbor, 0, min(k, len(a)+len(b)))
	for len(out) < cap(out) {
		if len(b) == 0 || len(a) > 0 && nearer(a[0], b[0]) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

// nearest calls found with the K nearest rows of train [N, D] for each row of
// test [M, D], in order; the list is found's. Only a chunk of distances is in
// memory at any time.
func nearest(ctx context.Context, train, test *torch.Tensor, o KNNOptions, found func(i int, near []neighbor)) error {
	defer torch.LockThread()()
	rows, columns := cmp.Or(o.TestChunk, 512), cmp.Or(o.TrainChunk, 16384)
	n, m := train.Size(0), test.Size(0)
	for i := 0; i < m; i += rows {
		best := make([][]neighbor, min(rows, m-i))
		for j := 0; j < n; j += columns {
			if err := ctx.Err(); err != nil {
				return err
			}
			var chunk [][]neighbor
			err := torch.Try(func() {
				s := torch.NewScope()
				defer s.Close()
				torch.NoGrad(func() {
					a, b := s.Use(test).Narrow(0, i, len(best)), s.Use(train).Narrow(0, j, min(columns, n-j))
					chunk = top(o.Distance.closeness(a, b), j, o.K)
				})
			})
			if err != nil {
				return fmt.Errorf("eval: kNN: %w", err)
			}
			for r := range best {
				best[r] = merge(best[r], chunk[r], o.K)
			}
		}
		for r, near := range best {
			if c := near[0].closeness; math.IsNaN(c) || math.IsInf(c, 0) {
				return errors.New("eval: kNN: the features are so large that their distances overflow; the encoder has diverged")
			}
			found(i+r, near)
		}
	}
	return nil
}

// closeness returns for all pairs of rows of a [M, D] and b [N, D] what a
// neighbor has of that name, [M, N].
func (d Distance) closeness(a, b *torch.Tensor) *torch.Tensor {
	if d == Cosine {
		return unit(a).Mm(unit(b).T())
	}
	c := a.Mm(b.T()).MulScalarInPlace(2)
	c.SubInPlace(a.Square().SumDim([]int{1}, true), 1)
	return c.SubInPlace(b.Square().SumDim([]int{1}, true).T(), 1)
}

// top returns the k nearest, or all if there are fewer, for each row of
// closeness [M, N], in order. offset is the place of the first column among the
// training images.
func top(closeness *torch.Tensor, offset, k int) [][]neighbor {
	k = min(k, closeness.Size(1))
	values, places := closeness.Topk(k, 1, true)
	// Of columns that are as near as the kth, Topk takes any.
	within := torch.ToSlice[int64](closeness.Ge(values.Narrow(1, k-1, 1)).SumDim([]int{1}, false))
	v, p := torch.ToSlice[float64](values), torch.ToSlice[int64](places)
	out := make([][]neighbor, len(within))
	for r := range out {
		if int(within[r]) > k {
			out[r] = nearestOf(torch.ToSlice[float64](closeness.Select(0, r)), v[r*k+k-1], offset, k)
			continue
		}
		out[r] = make([]neighbor, k)
		for i := range k {
			out[r][i] = neighbor{v[r*k+i], offset + int(p[r*k+i])}
		}
		if !slices.IsSortedFunc(out[r], nearer) {
			slices.SortFunc(out[r], nearer)
		}
	}
	return out
}

// nearestOf returns the k nearest of a row of closeness, in order; kth is the
// closeness of the last of them.
func nearestOf(closeness []float64, kth float64, offset, k int) []neighbor {
	out := make([]neighbor, 0, k)
	for i, c := range closeness {
		if c > kth {
			out = append(out, neighbor{c, offset + i})
		}
	}
	for i, c := range closeness {
		if c == kth && len(out) < k {
			out = append(out, neighbor{c, offset + i})
		}
	}
	slices.SortFunc(out, nearer)
	return out
}
