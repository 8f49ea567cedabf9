package ssl

import (
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A queue holds the keys of the last batches as columns of unit length. Those that
// come in take the place of the oldest. Its tensors have the names of the authors'
// code of MoCo, so that checkpoints hold it.
type queue struct {
	columns *torch.Tensor // [D, K] float32
	next    *torch.Tensor // [1] int64: where the next key goes
}

// newQueue returns a queue of k random directions in d dimensions, drawn from g.
func newQueue(d, k int, g *torch.Generator) *queue {
	s := torch.NewScope()
	defer s.Close()
	x := g.Normal(s.Empty([]int{d, k}, torch.Float32, torch.CPU), 0, 1)
	return &queue{
		columns: x.Div(x.Norm(2, []int{0}, true)).Keep(),
		next:    torch.Root.Zeros([]int{1}, torch.Int64, torch.CPU),
	}
}

// push puts the rows of keys [N, D] in. Behind the last column it goes on at the
// first, so that the length of the queue need not be a multiple of N; of more keys
// than it holds the last stay.
func (q *queue) push(keys *torch.Tensor) {
	s := torch.NewScope()
	defer s.Close()
	length, device := q.columns.Size(1), q.columns.Device()
	n := keys.Size(0)
	keys = s.Use(keys)
	skip := max(n-length, 0)
	wrap := s.Full([]int{1}, float64(length), torch.Int64, device)
	columns := s.Arange(float64(skip), float64(n), 1, torch.Int64, device).Add(q.next).Remainder(wrap)
	q.columns.IndexCopyInPlace(1, columns, keys.Narrow(0, skip, n-skip).T())
	q.next.CopyFrom(s.Full([]int{1}, float64(n), torch.Int64, device).Add(q.next).Remainder(wrap))
}

// Register implements [nn.Module].
func (q *queue) Register(r *nn.Registry) {
	r.Buffer("queue", &q.columns)
	r.Buffer("queue_ptr", &q.next)
}
