package nn_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// stateOf collects a module's tensors by name.
func stateOf(m nn.Module) map[string]*torch.Tensor {
	state := map[string]*torch.Tensor{}
	for name, x := range nn.State(m) {
		state[name] = x
	}
	return state
}

// What fits is copied, and both sides' other names are told.
func TestLoadMatching(t *testing.T) {
	n, other := newNetwork(1), newNetwork(2)
	defer nn.Free(n)
	defer nn.Free(other)
	s := torch.NewScope()
	defer s.Close()
	state := stateOf(other)
	delete(state, "head.weight")
	delete(state, "stem.1.bias")
	state["fc.weight"], state["decoder"] = other.head.Weight, other.head.Weight
	missing, unexpected, err := nn.LoadMatching(n, state)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"stem.1.bias", "head.weight"}; !slices.Equal(missing, want) {
		t.Errorf("missing %v, want %v", missing, want)
	}
	if want := []string{"decoder", "fc.weight"}; !slices.Equal(unexpected, want) {
		t.Errorf("unexpected %v, want %v", unexpected, want)
	}
	got, want := values(n), values(other)
	delete(want, "head.weight")
	equalValues(t, "after loading", got, want)
	if slices.Equal(got["head.weight"], values(other)["head.weight"]) {
		t.Error("a missing weight was changed")
	}

	before := values(n)
	state["head.weight"] = s.Ones([]int{2, 2}, torch.Float32, torch.CPU)
	if _, _, err := nn.LoadMatching(n, state); err == nil || !strings.Contains(err.Error(), "head.weight is [2 2] but the model needs [3 2]") {
		t.Errorf("another shape: error %v", err)
	}
	state["head.weight"] = nil
	if _, _, err := nn.LoadMatching(n, state); err == nil || !strings.Contains(err.Error(), "head.weight") {
		t.Errorf("no tensor: error %v", err)
	}
	freed := newNetwork(3)
	nn.Free(freed)
	if err := nn.LoadState(freed, stateOf(other)); err == nil || !strings.Contains(err.Error(), "the module's own") {
		t.Errorf("a freed module: error %v", err)
	}
	equalValues(t, "after errors", values(n), before)
}

func TestStripPrefix(t *testing.T) {
	n, other := newNetwork(1), newNetwork(2)
	defer nn.Free(n)
	defer nn.Free(other)
	parallel := map[string]*torch.Tensor{}
	for name, x := range nn.State(other) {
		parallel["module."+name] = x
	}
	if err := nn.LoadState(n, nn.StripPrefix(parallel, "module.")); err != nil {
		t.Error(err)
	}
	equalValues(t, "after loading", values(n), values(other))
	got := nn.StripPrefix(map[string]*torch.Tensor{"a.module.b": nil, "modules.c": nil, "module.module.d": nil}, "module.")
	for _, name := range []string{"a.module.b", "modules.c", "module.d"} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is not among %v", name, got)
		}
	}
}

// A copy has the same values in tensors of its own; a clone survives changes.
func TestCopyAndCloneState(t *testing.T) {
	torchtest.NoLeak(t)
	student, teacher := newNetwork(1), newNetwork(2)
	defer nn.Free(student)
	defer nn.Free(teacher)
	nn.RequireGrad(teacher, false)
	if err := nn.CopyState(teacher, student); err != nil {
		t.Fatal(err)
	}
	want := values(student)
	equalValues(t, "teacher", values(teacher), want)

	s := torch.NewScope()
	defer s.Close()
	kept := nn.CloneState(s, student)
	nn.Constant(student.head.Weight, 3)
	equalValues(t, "teacher after the student moved", values(teacher), want)
	for name, x := range kept {
		if x.RequiresGrad() || x.Scope() != s {
			t.Errorf("the clone of %s requires grad, or is not in the scope", name)
		}
	}
	if err := nn.LoadState(student, kept); err != nil {
		t.Fatal(err)
	}
	equalValues(t, "student after returning", values(student), want)

	small := nn.NewLinear(1, 1, false, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(small)
	if err := nn.CopyState(small, student); err == nil {
		t.Error("another network's state was copied")
	}
}

// Frozen parameters get no gradient, and those behind them still do.
func TestRequireGrad(t *testing.T) {
	torchtest.NoLeak(t)
	n := newNetwork(1)
	defer nn.Free(n)
	nn.RequireGrad(n.stem, false)
	s := torch.NewScope()
	defer s.Close()
	x := torch.NewGenerator(2, torch.CPU).Randn(s, []int{5, 1, 4, 4}, torch.Float32)
	n.Forward(x).Norm(2, []int{0, 1}, false).Backward()
	for name, p := range nn.Parameters(n) {
		g := p.Grad()
		if trained := name == "head.weight"; (g != nil) != trained || p.RequiresGrad() != trained {
			t.Errorf("%s: gradient %v", name, g)
		}
		if g != nil {
			g.Free()
		}
	}
	torch.ZeroGrad(nn.Tensors(n))
	nn.To(n, torch.CPU, torch.ChannelsLast)
	if n.stem[0].(*nn.Conv2d).Weight.RequiresGrad() {
		t.Error("To unfroze a parameter")
	}
	nn.RequireGrad(n, true)
	for name, p := range nn.Parameters(n) {
		if !p.RequiresGrad() {
			t.Errorf("%s is still frozen", name)
		}
	}
}

// tied uses one weight twice.
type tied struct{ in, out *nn.Linear }

func (m *tied) Register(r *nn.Registry) {
	r.Module("in", m.in)
	r.Module("out", m.out)
}

// Tied weights are one parameter with two names, and stay tied.
func TestTiedWeights(t *testing.T) {
	torchtest.NoLeak(t)
	m := &tied{in: nn.NewLinear(2, 2, false, torch.NewGenerator(1, torch.CPU))}
	m.out = &nn.Linear{Weight: m.in.Weight}
	defer nn.Free(m)
	if got := slices.Collect(first(nn.Parameters(m))); !slices.Equal(got, []string{"in.weight"}) {
		t.Errorf("parameters %v", got)
	}
	if got := slices.Collect(first(nn.State(m))); !slices.Equal(got, []string{"in.weight", "out.weight"}) {
		t.Errorf("state %v", got)
	}
	nn.To(m, torch.CPU, torch.ContiguousFormat)
	nn.ToDType(m, torch.Float64)
	if m.in.Weight != m.out.Weight {
		t.Error("the weights are not tied any more")
	}
	if m.in.Weight.DType() != torch.Float64 || !m.in.Weight.RequiresGrad() || !m.in.Weight.IsLeaf() {
		t.Error("the weight is not a trained float64 leaf")
	}
	if got := nn.NumParameters(m); got != 4 {
		t.Errorf("%d parameters", got)
	}
	if !strings.Contains(nn.Summary(m), "4 elements are trained") {
		t.Errorf("the summary counts tied weights twice:\n%s", nn.Summary(m))
	}
}

// Integers keep their dtype.
func TestToDType(t *testing.T) {
	torchtest.NoLeak(t)
	n := newNetwork(1)
	defer nn.Free(n)
	live := torch.Live()
	nn.ToDType(n, torch.BFloat16)
	for name, x := range nn.State(n) {
		want := torch.BFloat16
		if strings.HasSuffix(name, "num_batches_tracked") {
			want = torch.Int64
		}
		if x.DType() != want || x.Scope() != torch.Root {
			t.Errorf("%s is %v", name, x.DType())
		}
	}
	if got := torch.Live(); got != live {
		t.Errorf("%d tensors live, %d before", got, live)
	}
	s := torch.NewScope()
	defer s.Close()
	if y := n.Forward(s.Ones([]int{2, 1, 4, 4}, torch.BFloat16, torch.CPU)); y.DType() != torch.BFloat16 {
		t.Errorf("the result is %v", y.DType())
	}
}

func TestModuleList(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	blocks := nn.ModuleList[*nn.Linear]{nn.NewLinear(2, 3, true, g), nn.NewLinear(3, 2, false, g)}
	defer nn.Free(blocks)
	if got := strings.Join(slices.Collect(first(nn.State(blocks))), " "); got != "0.weight 0.bias 1.weight" {
		t.Errorf("names %s", got)
	}
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{1, 2}, torch.Float32, torch.CPU)
	double := nn.Func(func(x *torch.Tensor) *torch.Tensor { return x.MulScalar(2) })
	if y := (nn.Sequential{double, nn.Identity{}, double}).Forward(x); y.Sum().Item() != 8 {
		t.Errorf("got %v, want 4 and 4", y)
	}
}
