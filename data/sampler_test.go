package data_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/rng"
)

// steps returns the images of some steps.
func steps(s data.Sampler, first, last int) (out [][]int) {
	for step := first; step < last; step++ {
		dst := make([]int, s.Batch)
		s.Images(step, dst)
		out = append(out, dst)
	}
	return out
}

func TestSamplerOrder(t *testing.T) {
	s := data.Sampler{N: 23, Batch: 4, Seed: 7}
	if s.StepsPerEpoch() != 5 || s.Epoch(4) != 0 || s.Epoch(5) != 1 {
		t.Fatal("epochs of other lengths")
	}
	all := steps(s, 0, 15)
	for epoch := range 3 {
		want := rng.New(7, rng.Word("order"), uint64(epoch)).Perm(23)[:20]
		if got := slices.Concat(all[5*epoch : 5*epoch+5]...); !slices.Equal(got, want) {
			t.Errorf("epoch %d: %v instead of %v", epoch, got, want)
		}
	}
	// Any step can be taken up again, in any order.
	for _, first := range []int{14, 3, 9, 0} {
		if got := steps(s, first, 15); !reflect.DeepEqual(got, all[first:]) {
			t.Errorf("from step %d on: %v instead of %v", first, got, all[first:])
		}
	}
	s.Seed = 8
	if reflect.DeepEqual(steps(s, 0, 15), all) {
		t.Error("the seed does not matter")
	}
}

// TestSamplerRanks: together the ranks see what one machine would, and none sees
// an image of another.
func TestSamplerRanks(t *testing.T) {
	one := data.Sampler{N: 50, Batch: 12, Seed: 3}
	for _, world := range []int{1, 2, 3, 4, 6} {
		var parts [][][]int
		for rank := range world {
			s := one
			s.Batch, s.Rank, s.World = 12/world, rank, world
			if s.StepsPerEpoch() != one.StepsPerEpoch() {
				t.Fatalf("%d machines: %d steps", world, s.StepsPerEpoch())
			}
			parts = append(parts, steps(s, 0, 9))
		}
		for step, want := range steps(one, 0, 9) {
			var got []int
			for i := range 12 {
				got = append(got, parts[i%world][step][i/world])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d machines, step %d: %v instead of %v", world, step, got, want)
			}
		}
	}
}

func TestSamplerCheck(t *testing.T) {
	for want, s := range map[string]data.Sampler{
		"at least 1":   {N: 5},
		"rank 2 of 2":  {N: 50, Batch: 1, Rank: 2, World: 2},
		"do not fill":  {N: 5, Batch: 3, World: 2},
		"rank -1 of 1": {N: 5, Batch: 3, Rank: -1},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", s, err, want)
		}
	}
}

// TestLoader: batches hold what the sampler says, whatever was used before, and
// taking up in the middle gives the same.
func TestLoader(t *testing.T) {
	s, err := data.OpenSet(folder)
	if err != nil {
		t.Fatal(err)
	}
	want, err := data.Load(s.Train, 9)
	if err != nil {
		t.Fatal(err)
	}
	l := data.Loader{Source: s.Train, Sampler: data.Sampler{N: 9, Batch: 2, Seed: 5}, Size: 9, Ahead: 2}
	for _, first := range []int{0, 5} {
		const last = 11
		q, err := l.Start(first, last)
		if err != nil {
			t.Fatal(err)
		}
		plan := steps(l.Sampler, first, last)
		for k, index := range plan {
			b, err := q.Next()
			if err != nil {
				t.Fatal(err)
			}
			if b.Step != first+k || !slices.Equal(b.Index, index) {
				t.Fatalf("step %d with images %v instead of %d with %v", b.Step, b.Index, first+k, index)
			}
			for j, i := range index {
				if !slices.Equal(b.Images[j].Pixels, want.Image(i)) || b.Labels[j] != want.Label(i) {
					t.Errorf("step %d: image %d is another", b.Step, i)
				}
			}
			q.Recycle(b)
		}
		q.Stop()
	}
}

func TestLoaderErrors(t *testing.T) {
	d := small()
	l := data.Loader{Source: d, Sampler: data.Sampler{N: d.Len() + 1, Batch: 1}}
	if _, err := l.Start(0, 1); err == nil || !strings.Contains(err.Error(), "the source has") {
		t.Errorf("sampler of another source: %v", err)
	}
	dir := t.TempDir()
	put(t, dir, "a.png", []byte("\x89PNG\r\n\x1a\nbroken"))
	s, err := data.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	l = data.Loader{Source: s.Train, Sampler: data.Sampler{N: 1, Batch: 1}}
	q, err := l.Start(0, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Stop()
	if _, err := q.Next(); err == nil || !strings.Contains(err.Error(), "a.png") {
		t.Errorf("broken image: %v", err)
	}
}

// Shards of an epoch for two machines.
func ExampleSampler() {
	for rank := range 2 {
		s := data.Sampler{N: 10, Batch: 2, Seed: 1, Rank: rank, World: 2}
		images := make([]int, s.Batch)
		for step := range s.StepsPerEpoch() {
			s.Images(step, images)
			fmt.Println("rank", rank, "step", step, "sees", images)
		}
	}
	// Output:
	// rank 0 step 0 sees [7 8]
	// rank 0 step 1 sees [1 4]
	// rank 1 step 0 sees [3 6]
	// rank 1 step 1 sees [9 5]
}
