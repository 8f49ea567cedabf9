package nn_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func sqrt(x float64) float64 { return math.Sqrt(x) }

// network is a module of modules, with one that holds nothing.
type network struct {
	stem nn.Sequential
	head *nn.Linear
}

func newNetwork(seed uint64) *network {
	g := torch.NewGenerator(seed, torch.CPU)
	return &network{
		stem: nn.Sequential{nn.NewConv2d(1, 2, 3, nn.ConvOptions{Padding: 1, Bias: true}, g), nn.NewBatchNorm(2), nn.ReLU{}},
		head: nn.NewLinear(2, 3, false, g),
	}
}

func (n *network) Register(r *nn.Registry) {
	r.Module("stem", n.stem)
	r.Module("head", n.head)
}

func (n *network) Forward(x *torch.Tensor) *torch.Tensor {
	return n.head.Forward(n.stem.Forward(x).MeanDim([]int{2, 3}, false))
}

// values copies all tensors of a module.
func values(m nn.Module) map[string][]float64 {
	out := map[string][]float64{}
	for name, x := range nn.State(m) {
		out[name] = torch.ToSlice[float64](x)
	}
	return out
}

func equalValues(t *testing.T, what string, got, want map[string][]float64) {
	t.Helper()
	for name, w := range want {
		if !slices.Equal(got[name], w) {
			t.Errorf("%s: %s is %v, want %v", what, name, got[name], w)
		}
	}
}

func TestNamesAndOrder(t *testing.T) {
	n := newNetwork(1)
	defer nn.Free(n)
	var params, state []string
	for name, x := range nn.Parameters(n) {
		params = append(params, name)
		if !x.RequiresGrad() || !x.IsLeaf() {
			t.Errorf("%s is not trained", name)
		}
	}
	for name := range nn.State(n) {
		state = append(state, name)
	}
	// As PyTorch's named_parameters and state_dict give them; a bias that is
	// not there and the ReLU leave no name.
	if want := []string{"stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.1.bias", "head.weight"}; !slices.Equal(params, want) {
		t.Errorf("parameters %v, want %v", params, want)
	}
	want := []string{"stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.1.bias",
		"stem.1.running_mean", "stem.1.running_var", "stem.1.num_batches_tracked", "head.weight"}
	if !slices.Equal(state, want) {
		t.Errorf("state %v, want %v", state, want)
	}
	if got, want := nn.NumParameters(n), 2*9+2+2+2+6; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	if got := len(nn.Tensors(n)); got != len(params) {
		t.Errorf("%d tensors for the optimizer, want %d", got, len(params))
	}
	for range nn.State(n) {
		break // an iteration may end early
	}
	for range nn.Parameters(n) {
		break
	}
}

func TestSetTraining(t *testing.T) {
	n := newNetwork(1)
	defer nn.Free(n)
	norm := n.stem[1].(*nn.BatchNorm)
	for _, on := range []bool{false, true} {
		if nn.SetTraining(n, on); norm.Training != on {
			t.Errorf("after SetTraining(%v) the batch norm has %v", on, norm.Training)
		}
	}
}

// In evaluation the features of an image do not depend on its batch and no
// statistics move.
func TestEvaluationIsPerImage(t *testing.T) {
	n := newNetwork(1)
	defer nn.Free(n)
	nn.SetTraining(n, false)
	s := torch.NewScope()
	defer s.Close()
	x := torch.NewGenerator(2, torch.CPU).Randn(s, []int{5, 1, 4, 4}, torch.Float32)
	before := values(n)
	all := n.Forward(x)
	for i := range 5 {
		torchtest.AllClose(t, n.Forward(x.Narrow(0, i, 1)), all.Narrow(0, i, 1), 1e-6, 1e-6)
	}
	equalValues(t, "after evaluation", values(n), before)
}

func TestStateWalksThroughAFile(t *testing.T) {
	a, b := newNetwork(1), newNetwork(2)
	defer nn.Free(a)
	defer nn.Free(b)
	s := torch.NewScope()
	defer s.Close()
	a.Forward(torch.NewGenerator(2, torch.CPU).Randn(s, []int{5, 1, 4, 4}, torch.Float32)) // moves the statistics
	path := t.TempDir() + "/net.safetensors"
	if err := torch.SaveSafetensors(path, nn.State(a), nil); err != nil {
		t.Fatal(err)
	}
	saved, _, err := torch.LoadSafetensors(s, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := nn.LoadState(b, saved); err != nil {
		t.Fatal(err)
	}
	equalValues(t, "after loading", values(b), values(a))
	if got := values(b)["stem.1.num_batches_tracked"][0]; got != 1 {
		t.Errorf("num_batches_tracked is %v, want 1", got)
	}
	for name, p := range nn.Parameters(b) {
		if !p.IsLeaf() || !p.RequiresGrad() {
			t.Errorf("%s is not trained any more", name)
		}
	}
}

// A state that does not fit is refused with all that is wrong in it, and the
// module stays as it was.
func TestLoadStateErrors(t *testing.T) {
	n, other := newNetwork(1), newNetwork(2)
	defer nn.Free(n)
	defer nn.Free(other)
	s := torch.NewScope()
	defer s.Close()
	full := func() map[string]*torch.Tensor {
		state := map[string]*torch.Tensor{}
		for name, x := range nn.State(other) {
			state[name] = x
		}
		return state
	}
	freed := s.Ones([]int{3, 2}, torch.Float32, torch.CPU)
	freed.Free()
	before := values(n)
	for _, c := range []struct {
		name   string
		change func(state map[string]*torch.Tensor)
		want   []string
	}{
		{"missing", func(st map[string]*torch.Tensor) { delete(st, "head.weight"); delete(st, "stem.1.running_var") },
			[]string{"missing: stem.1.running_var, head.weight"}},
		{"extra", func(st map[string]*torch.Tensor) { st["fc.weight"] = st["head.weight"] },
			[]string{"not in the model: fc.weight"}},
		{"other shape", func(st map[string]*torch.Tensor) {
			st["head.weight"] = s.Ones([]int{2, 3}, torch.Float32, torch.CPU)
		}, []string{"of another shape: head.weight is [2 3] but the model needs [3 2]"}},
		{"everything", func(st map[string]*torch.Tensor) {
			clear(st)
			st["z"], st["y"] = freed, freed
			st["stem.0.weight"] = s.Ones([]int{}, torch.Float32, torch.CPU)
		}, []string{"stem.0.weight is [] but", "missing: stem.0.bias, stem.1.weight, stem.1.bias and 4 more", "not in the model: y, z"}},
		{"freed", func(st map[string]*torch.Tensor) { st["head.weight"] = freed }, []string{"head.weight", "freed"}},
		{"nil", func(st map[string]*torch.Tensor) { st["head.weight"] = nil }, []string{"head.weight", "nil"}},
	} {
		state := full()
		c.change(state)
		err := nn.LoadState(n, state)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", c.name, err, want)
			}
		}
		equalValues(t, c.name, values(n), before)
	}
	if err := nn.LoadState(n, full()); err != nil {
		t.Errorf("the whole state: %v", err)
	}
}

// To changes the order in memory of the four-dimensional weights, and nothing
// that can be computed.
func TestToKeepsValuesAndGradients(t *testing.T) {
	torchtest.NoLeak(t)
	n := newNetwork(1)
	defer nn.Free(n)
	s := torch.NewScope()
	defer s.Close()
	x := torch.NewGenerator(2, torch.CPU).Randn(s, []int{5, 1, 4, 4}, torch.Float32)
	gradients := func() map[string][]float64 {
		n.Forward(x).Norm(2, []int{0, 1}, false).Backward()
		out := map[string][]float64{}
		for name, p := range nn.Parameters(n) {
			g := p.Grad()
			if g == nil {
				t.Fatalf("%s has no gradient", name)
			}
			out[name] = torch.ToSlice[float64](g)
			g.Free()
		}
		torch.ZeroGrad(nn.Tensors(n))
		return out
	}
	want := gradients()
	before, live := values(n), torch.Live()
	nn.To(n, torch.CPU, torch.ChannelsLast)
	equalValues(t, "after To", values(n), before)
	if got := torch.Live(); got != live {
		t.Errorf("%d tensors live after To, %d before", got, live)
	}
	for name, p := range nn.Parameters(n) {
		if !p.IsLeaf() || !p.RequiresGrad() || p.Scope() != torch.Root {
			t.Errorf("%s is not a trained leaf of its own", name)
		}
		if p.Dim() == 4 && !p.IsContiguous(torch.ChannelsLast) {
			t.Errorf("%s is not channels last", name)
		}
	}
	got := gradients()
	for name, w := range want {
		torchtest.Close(t, got[name], w, nil, 1e-5, 1e-6)
	}
	for name, b := range nn.State(n) {
		if strings.Contains(name, "running") && b.RequiresGrad() {
			t.Errorf("the buffer %s is trained after To", name)
		}
	}
}

// Free gives up every tensor; the module cannot be used any more.
func TestFree(t *testing.T) {
	before := torchtest.Drain(0)
	n := newNetwork(1)
	if got, want := torch.Live()-before, 8; got != want {
		t.Errorf("%d tensors live, want %d", got, want)
	}
	nn.Free(n)
	if got := torch.Live(); got != before {
		t.Errorf("%d tensors live after Free, want %d", got, before)
	}
	nn.Free(n) // twice does nothing
	s := torch.NewScope()
	defer s.Close()
	if err := torch.Try(func() { n.Forward(s.Ones([]int{2, 1, 4, 4}, torch.Float32, torch.CPU)) }); err == nil {
		t.Error("a freed module computed")
	}
}

// Two hundred steps leave no tensor behind.
func TestStepsLeaveNothing(t *testing.T) {
	n := newNetwork(1)
	defer nn.Free(n)
	g := torch.NewGenerator(2, torch.CPU)
	var first int
	for step := range 200 {
		s := torch.NewScope()
		n.Forward(g.Randn(s, []int{4, 1, 4, 4}, torch.Float32)).Mean().Backward()
		torch.ZeroGrad(nn.Tensors(n))
		s.Close()
		live := torch.Live()
		if step == 0 {
			first = live
		}
		if live != first {
			t.Fatalf("%d tensors live after step %d, %d after the first", live, step+1, first)
		}
	}
}

// Evaluating puts every layer back as it was, one that was frozen included, and
// a layer that occurs twice.
func TestEvaluating(t *testing.T) {
	frozen, trained := nn.NewBatchNorm(2), nn.NewBatchNorm(2)
	frozen.Training = false
	net := nn.Sequential{trained, frozen, trained}
	defer nn.Free(net)
	check := func(when string, want bool) {
		t.Helper()
		if trained.Training != want || frozen.Training {
			t.Errorf("%s: training %v and %v, want %v and false", when, trained.Training, frozen.Training, want)
		}
	}
	nn.Evaluating(net, func() { check("inside", false) })
	check("afterwards", true)
	func() {
		defer func() { _ = recover() }()
		nn.Evaluating(net, func() { panic("stop") })
	}()
	check("after a panic", true)
}
