package eval

import (
	"context"
	"fmt"

	"sslmem/torch"
)

// LinearProbabilities trains the classifier of [LinearProbe] on the training set and
// returns the probabilities that it gives the classes of each row of x [N, D], which
// has the features, dtype and device of the training set: [N, C]. Errors are those of
// [LinearProbe].
func LinearProbabilities(ctx context.Context, train Set, x *torch.Tensor, o ProbeOptions) ([][]float64, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	// Any class will do: accuracies are not asked for.
	if err := checkFeatures("test", x); err != nil {
		return nil, err
	}
	if err := checkPair(train, Set{X: x, Labels: make([]int, x.Size(0)), Names: train.Names}); err != nil {
		return nil, err
	}
	s := torch.NewScope()
	defer s.Close()
	c, _, err := fitProbe(ctx, s, train, o)
	if err != nil {
		return nil, err
	}
	var out [][]float64
	for from := 0; from < x.Size(0); from += chunkRows {
		n := min(chunkRows, x.Size(0)-from)
		failed := torch.Try(func() {
			s := torch.NewScope()
			defer s.Close()
			torch.NoGrad(func() {
				logits := c.features(s.Use(x).Narrow(0, from, n)).Linear(c.weight, c.bias)
				p := torch.ToSlice[float64](logits.ToDType(torch.Float64).Softmax(1))
				for i := range n {
					out = append(out, p[i*len(train.Names):(i+1)*len(train.Names)])
				}
			})
		})
		if failed != nil {
			return nil, fmt.Errorf("eval: classification: %w", failed)
		}
	}
	return out, ctx.Err()
}
