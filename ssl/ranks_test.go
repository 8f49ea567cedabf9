package ssl_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"sslmem/ssl"
	"sslmem/torch"
)

// A meeting is where the goroutines of a test, which play the ranks of a training,
// hand each other numbers.
type meeting struct {
	mu      sync.Mutex
	all     *sync.Cond
	numbers [][]float32 // of each rank
	came    int
	round   int
}

func newMeeting(world int) *meeting {
	m := &meeting{numbers: make([][]float32, world)}
	m.all = sync.NewCond(&m.mu)
	return m
}

// exchange hands over what a rank has and returns what each has, once all have come.
func (m *meeting) exchange(rank int, own []float32) [][]float32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	round := m.round
	if m.came == 0 {
		m.numbers = make([][]float32, len(m.numbers))
	}
	m.numbers[rank] = own
	numbers := m.numbers
	if m.came++; m.came == len(numbers) {
		m.came = 0
		m.round++
		m.all.Broadcast()
	}
	for m.round == round {
		m.all.Wait()
	}
	return numbers
}

// sum adds up what all ranks have.
func (m *meeting) sum(rank int, own []float32) []float32 {
	total := make([]float32, len(own))
	for _, numbers := range m.exchange(rank, own) {
		for i, x := range numbers {
			total[i] += x
		}
	}
	return total
}

// player is one rank of a meeting.
type player struct {
	*meeting
	rank int
}

func (p player) Rank() int  { return p.rank }
func (p player) World() int { return len(p.numbers) }

func (p player) Gather(x *torch.Tensor) *torch.Tensor {
	var parts []*torch.Tensor
	for rank, numbers := range p.exchange(p.rank, torch.ToSlice[float32](x.Detach())) {
		if rank == p.rank {
			parts = append(parts, x)
		} else {
			parts = append(parts, torch.FromSlice(x.Scope(), numbers, x.Shape()...).ToDType(x.DType()))
		}
	}
	all := torch.Cat(parts, 0)
	if all.RequiresGrad() {
		all.RegisterHook(func(g *torch.Tensor) *torch.Tensor {
			return torch.FromSlice(g.Scope(), p.sum(p.rank, torch.ToSlice[float32](g)), g.Shape()...)
		})
	}
	return all
}

func (p player) Mean(x *torch.Tensor) *torch.Tensor {
	total := p.sum(p.rank, torch.ToSlice[float32](x.Detach()))
	return torch.FromSlice(x.Scope(), total, x.Shape()...).DivScalar(float64(p.World()))
}

// Two ranks with half of a batch each see, in the mean of their losses and of their
// gradients, what one sees with the whole batch: the sampler deals the images out, and
// losses that compare images gather those of all ranks. Batch norm, which looks at
// the images of one rank, is in evaluation.
func TestEveryMethodOnTwoRanks(t *testing.T) {
	for _, m := range ssl.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			whole := methodLoop(t, m.Name, 1)
			whole.Recipe.Optimizer.WarmupEpochs = 0
			loss, want, err := ssl.FirstGradients(whole, 1, false)
			if err != nil {
				t.Fatal(err)
			}
			const world = 2
			at := newMeeting(world)
			var losses [world]float64
			var grads [world]map[string][]float32
			var errs [world]error
			var done sync.WaitGroup
			for rank := range world {
				l := methodLoop(t, m.Name, 1)
				l.Recipe.Optimizer.WarmupEpochs = 0
				l.Recipe.BatchSize /= world
				l.Ranks = player{at, rank}
				done.Go(func() { losses[rank], grads[rank], errs[rank] = ssl.FirstGradients(l, 1, false) })
			}
			done.Wait()
			for rank, err := range errs {
				if err != nil {
					t.Fatalf("rank %d: %v", rank, err)
				}
			}
			if got := (losses[0] + losses[1]) / 2; math.Abs(got-loss) > 1e-5*max(1, math.Abs(loss)) {
				t.Errorf("losses %v, in the mean %v, want %v", losses, got, loss)
			}
			for name, g := range want {
				a, b := grads[0][name], grads[1][name]
				if len(a) != len(g) || len(b) != len(g) {
					t.Fatalf("the ranks have %d and %d gradients of %s, want %d", len(a), len(b), name, len(g))
				}
				mean := make([]float32, len(g))
				for i := range mean {
					mean[i] = (a[i] + b[i]) / 2
				}
				if far := distance(mean, g); !(far < 1e-3) {
					t.Errorf("the gradient of %s differs by %v of its length", name, far)
				}
			}
		})
	}
}

// Ranks divide an epoch without overlap and agree on its length and learning rates; what
// they see together in a step is what one sees with the whole batch.
func TestRanksDivideAnEpoch(t *testing.T) {
	whole := methodLoop(t, "simclr", 1)
	var all []int
	for step := range 3 {
		all = append(all, sortedImages(ssl.StepImages(whole, step))...)
	}
	var dealt []int
	for step := range 3 {
		var images []int
		for rank := range 2 {
			l := methodLoop(t, "simclr", 1)
			l.Recipe.BatchSize /= 2
			l.Ranks = player{newMeeting(2), rank}
			if got := l.StepsPerEpoch(); got != 3 {
				t.Errorf("rank %d: %d steps an epoch, want 3", rank, got)
			}
			images = append(images, ssl.StepImages(l, step)...)
		}
		dealt = append(dealt, sortedImages(images)...)
	}
	if !slices.Equal(all, dealt) {
		t.Errorf("two ranks see %v, one sees %v", dealt, all)
	}
	seen := map[int]bool{}
	for _, i := range dealt {
		if seen[i] {
			t.Errorf("image %d comes twice", i)
		}
		seen[i] = true
	}
	one, two := *methodLoop(t, "simclr", 2), *methodLoop(t, "simclr", 2)
	two.Recipe.BatchSize /= 2
	two.Ranks = player{newMeeting(2), 1}
	for _, batch := range []int{0, 16} {
		one.Recipe.Optimizer.LRBatch, two.Recipe.Optimizer.LRBatch = batch, batch
		a, b := ssl.FirstRates(t, &one), ssl.FirstRates(t, &two)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("learning rates %v of two ranks, %v of one", b, a)
		}
	}
}

func sortedImages(images []int) []int {
	return slices.Sorted(slices.Values(images))
}
