package neighbors_test

import (
	"context"
	"fmt"
	"testing"

	"sslmem/internal/neighbors"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func ExampleFind() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{0, 0, 3, 0, 0, 4}, 3, 2)
	queries := torch.FromSlice(s, []float32{0, 1}, 1, 2)
	err := neighbors.Find(context.Background(), x, queries, 2, neighbors.Euclidean, neighbors.Chunks{}, func(i int, near []neighbors.Neighbor) {
		fmt.Println(i, near)
	})
	fmt.Println(err)
	// Output:
	// 0 [{-1 0} {-9 2}]
	// <nil>
}

// Rows at equal distances come in their order, also where k cuts through them and
// whatever the chunks.
func TestTies(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, -1, 0, 1, -1}, 5, 1)
	queries := s.Zeros([]int{3, 1}, torch.Float32, torch.CPU)
	for _, c := range []neighbors.Chunks{{}, {Queries: 1, Rows: 1}, {Queries: 2, Rows: 2}, {Queries: 1, Rows: 4}} {
		err := neighbors.Find(context.Background(), x, queries, 3, neighbors.Euclidean, c, func(i int, near []neighbors.Neighbor) {
			if got := fmt.Sprint(near); got != "[{0 2} {-1 0} {-1 1}]" {
				t.Errorf("chunks %v: neighbors of %d are %v", c, i, got)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}
