package eval

import (
	"context"
	"errors"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// Batch by batch come the features that Features gives, with their images.
func TestEachFeatures(t *testing.T) {
	torchtest.NoLeak(t)
	train, _ := fashion(t)
	e := encoder(t, 1, 1)
	o := options(t, train)
	o.BatchSize, o.Index = 3, []int{9, 2, 4, 100, 7, 8, 30}
	s := torch.NewScope()
	defer s.Close()
	want, err := Features(context.Background(), s, e, train, o)
	if err != nil {
		t.Fatal(err)
	}
	var images []int
	var values []float64
	err = EachFeatures(context.Background(), e, train, o, func(index []int, y *torch.Tensor) error {
		images = append(images, index...)
		values = append(values, torch.ToSlice[float64](y)...)
		return nil
	})
	if err != nil || !slices.Equal(images, o.Index) || !slices.Equal(values, torch.ToSlice[float64](want.X)) {
		t.Errorf("images %v, %v", images, err)
	}

	stop := errors.New("the disk is full")
	calls := 0
	err = EachFeatures(context.Background(), e, train, o, func([]int, *torch.Tensor) error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Errorf("%d calls and %v after an error", calls, err)
	}
	o.Index = []int{70000}
	if err := EachFeatures(context.Background(), e, train, o, nil); err == nil {
		t.Error("an image that is not there is no error")
	}
}
