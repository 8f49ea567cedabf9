package eval

import (
	"context"
	"errors"
	"fmt"

	"sslmem/internal/neighbors"
	"sslmem/torch"
)

// neighbor is a training image and how close it is: the cosine, or minus the
// squared Euclidean distance.
type neighbor = neighbors.Neighbor

// nearest calls found with the K nearest rows of train [N, D] for each row of
// test [M, D], in order; the list is found's.
func nearest(ctx context.Context, train, test *torch.Tensor, o KNNOptions, found func(i int, near []neighbor)) error {
	err := neighbors.Find(ctx, train, test, o.K, o.Distance.closeness, neighbors.Chunks{Queries: o.TestChunk, Rows: o.TrainChunk}, found)
	if err == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("eval: kNN: %w", err)
}

// closeness returns for all pairs of rows of a [M, D] and b [N, D] what a
// neighbor has of that name, [M, N].
func (d Distance) closeness(a, b *torch.Tensor) *torch.Tensor {
	if d == Cosine {
		return unit(a).Mm(unit(b).T())
	}
	return neighbors.Euclidean(a, b)
}
