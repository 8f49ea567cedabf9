package ssl

import (
	"math"
	"slices"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

// Run is what the documentation says it is: the order of the images and their
// views come from streams keyed by seed and position, and each step is
// forward, backward and Adam with the schedule's rate. Written out by hand,
// that gives the same weights bit for bit.
func TestRunByHand(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Recipe.Epochs = 2
	want := run(t, l)

	r := l.Recipe
	tr, err := New(r, 1, 0, l.Seed)
	if err != nil {
		t.Fatal(err)
	}
	defer Free(tr)
	defer torch.LockThread()()
	nn.To(tr, torch.CPU, torch.ChannelsLast)
	opt := optim.NewAdam(nn.Tensors(tr), optim.AdamOptions{WeightDecay: r.Optimizer.WeightDecay})
	defer opt.Free()
	schedule := optim.WarmupCosine{Base: r.Optimizer.LR, Warmup: 4, Total: 8} // one of two epochs of four steps
	step := 0
	for epoch := range 2 {
		perm := rng.New(l.Seed, rng.Word("order"), uint64(epoch)).Perm(len(l.Index))
		for batch := range 4 {
			images := make([]int, r.BatchSize)
			for i := range images {
				images[i] = l.Index[perm[batch*r.BatchSize+i]]
			}
			const pixels = 28 * 28
			views := make([]float32, 2*r.BatchSize*pixels)
			for v := range 2 {
				key := augment.Key{Seed: rng.Sub(l.Seed, rng.Word("views")), Epoch: epoch, View: v}
				for i, image := range images {
					at := (v*r.BatchSize + i) * pixels
					if err := r.Augment.Apply(views[at:at+pixels], l.Data.(*data.Dataset).Image(image), 1, 28, 28, r.Augment.Draw(key, image, 28, 28)); err != nil {
						t.Fatal(err)
					}
				}
			}
			s := torch.NewScope()
			x := torch.FromSlice(s, views, 2*r.BatchSize, 1, 28, 28).Contiguous(torch.ChannelsLast)
			tr.Forward(Batch{Views: x, Size: r.BatchSize}).Loss.Backward()
			opt.Step(schedule.At(step))
			opt.ZeroGrad()
			s.Close()
			step++
		}
	}
	sameWeights(t, weights(tr), want)
}

// Every epoch visits each image at most once, leaves a rest that changes, and
// does not depend on which step is asked for first.
func TestPlan(t *testing.T) {
	index := make([]int, 70)
	for i := range index {
		index[i] = 100 + i
	}
	p := newPlan(index, 16, 3, Alone{})
	var epochs [3][]int
	for step := range 3 * p.sampler.StepsPerEpoch() {
		e := step / p.sampler.StepsPerEpoch()
		images, epoch := p.step(step)
		epochs[e] = append(epochs[e], images...)
		if epoch != e {
			t.Errorf("step %d is of epoch %d, want %d", step, epoch, e)
		}
	}
	for e, images := range epochs {
		seen := map[int]bool{}
		for _, i := range images {
			if i < 100 || i >= 170 || seen[i] {
				t.Errorf("epoch %d: image %d is not to be trained on, or comes twice", e, i)
			}
			seen[i] = true
		}
		if len(images) != 64 {
			t.Errorf("epoch %d has %d images, want 64", e, len(images))
		}
	}
	if slices.Equal(epochs[0], epochs[1]) || slices.Equal(epochs[1], epochs[2]) {
		t.Error("two epochs have one order")
	}
	late := newPlan(index, 16, 3, Alone{})
	if got, _ := late.step(9); !slices.Equal(got, epochs[2][16:32]) {
		t.Errorf("step 9 alone has the images %v, want %v", got, epochs[2][16:32])
	}
	if !slices.IsSorted(p.index) {
		t.Error("the plan has shuffled its list")
	}
}

// What is reported: counts from 1, the schedule's rates, and a loss at the end
// of each epoch that training lowers.
func TestProgress(t *testing.T) {
	l := tinyLoop(t)
	schedule := optim.WarmupCosine{Base: l.Recipe.Optimizer.LR, Warmup: 4, Total: 12}
	var losses []float64
	step := 0
	l.Report = func(p Progress) {
		step++
		if p.Step != step || p.Steps != 12 || p.Epoch != (step+3)/4 || p.Epochs != 3 || p.EpochEnd != (step%4 == 0) {
			t.Errorf("step %d is reported as %+v", step, p)
		}
		if want := schedule.At(step - 1); p.LR != want {
			t.Errorf("step %d has lr %v, want %v", step, p.LR, want)
		}
		if p.EpochEnd != !math.IsNaN(p.Loss) {
			t.Errorf("step %d has loss %v", step, p.Loss)
		}
		if !(p.ViewsPerSecond > 0) || !(p.Wait >= 0 && p.Wait <= 1) {
			t.Errorf("step %d: %v views a second, %v of the time waiting", step, p.ViewsPerSecond, p.Wait)
		}
		if p.EpochEnd {
			losses = append(losses, p.Loss)
		}
	}
	run(t, l)
	if len(losses) != 3 || !(losses[2] < losses[0]) {
		t.Errorf("losses %v do not fall", losses)
	}
}
