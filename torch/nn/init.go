package nn

import (
	"fmt"
	"math"

	"sslmem/torch"
)

// Gains of activation functions for [KaimingUniform], [KaimingNormal] and their
// Xavier counterparts, as torch.nn.init.calculate_gain gives them; see
// [LeakyReLUGain] for the one with a parameter.
const (
	LinearGain = 1.0        // no activation, convolutions included; sigmoid too
	ReLUGain   = math.Sqrt2 // relu
	TanhGain   = 5.0 / 3    // tanh
	SELUGain   = 3.0 / 4    // selu
)

// LeakyReLUGain returns √(2 / (1 + slope²)). PyTorch's layers start with a
// slope of √5, which makes the bound of [KaimingUniform] 1/√fan.
func LeakyReLUGain(slope float64) float64 { return math.Sqrt(2 / (1 + slope*slope)) }

// A Fan says which side of a layer an initialization keeps the variance of.
type Fan int

const (
	FanIn  Fan = iota // of the activations in the forward pass
	FanOut            // of the gradients in the backward pass
)

// fans returns the numbers of inputs and outputs that one weight of a layer
// meets: [Out, In, K…] has In·K… and Out·K….
func fans(op string, t *torch.Tensor) (in, out int) {
	shape := t.Shape()
	if len(shape) < 2 {
		panic(&torch.Error{Op: op, Kind: torch.Value,
			Msg: fmt.Sprintf("a weight of shape %v has no inputs and outputs; two dimensions are needed", shape)})
	}
	field := 1
	for _, n := range shape[2:] {
		field *= n
	}
	return shape[1] * field, shape[0] * field
}

// std returns gain / √fan of t.
func (f Fan) std(op string, t *torch.Tensor, gain float64) float64 {
	in, out := fans(op, t)
	if f == FanOut {
		in = out
	}
	return gain / math.Sqrt(float64(in))
}

// KaimingUniform fills the weight t [Out, In, …] uniformly from ±gain·√(3/fan)
// and returns t (He et al. 2015). It panics below two dimensions.
//
// Like all initializations here it records nothing for differentiation, works
// on any floating dtype on g's device, and gives, for an equal seed, the
// numbers of its namesake in torch.nn.init.
func KaimingUniform(t *torch.Tensor, fan Fan, gain float64, g *torch.Generator) *torch.Tensor {
	bound := math.Sqrt(3) * fan.std("kaiming_uniform_", t, gain)
	return g.Uniform(t, -bound, bound)
}

// KaimingNormal fills the weight t [Out, In, …] from a normal distribution of
// standard deviation gain/√fan and returns t (He et al. 2015). It panics below
// two dimensions.
func KaimingNormal(t *torch.Tensor, fan Fan, gain float64, g *torch.Generator) *torch.Tensor {
	return g.Normal(t, 0, fan.std("kaiming_normal_", t, gain))
}

// XavierUniform fills the weight t [Out, In, …] uniformly from
// ±gain·√(6/(fanIn + fanOut)) and returns t (Glorot and Bengio 2010). It panics
// below two dimensions.
func XavierUniform(t *torch.Tensor, gain float64, g *torch.Generator) *torch.Tensor {
	bound := math.Sqrt(3) * xavier("xavier_uniform_", t, gain)
	return g.Uniform(t, -bound, bound)
}

// XavierNormal fills the weight t [Out, In, …] from a normal distribution of
// standard deviation gain·√(2/(fanIn + fanOut)) and returns t (Glorot and
// Bengio 2010). It panics below two dimensions.
func XavierNormal(t *torch.Tensor, gain float64, g *torch.Generator) *torch.Tensor {
	return g.Normal(t, 0, xavier("xavier_normal_", t, gain))
}

func xavier(op string, t *torch.Tensor, gain float64) float64 {
	in, out := fans(op, t)
	return gain * math.Sqrt(2/float64(in+out))
}

// Constant sets every element of t to value and returns t.
func Constant(t *torch.Tensor, value float64) *torch.Tensor {
	torch.NoGrad(func() { t.Fill(value) })
	return t
}

// TruncNormal fills t from a normal distribution of the given mean and standard
// deviation, cut to [a, b], and returns t. Vision transformers use a standard
// deviation of .02 and the bounds ±2. It panics unless a < b and std > 0.
//
// The draws are those of PyTorch from 2.14 on: normal numbers are drawn again
// until they lie inside, or uniform ones where less than 30 % would.
func TruncNormal(t *torch.Tensor, mean, std, a, b float64, g *torch.Generator) *torch.Tensor {
	if !(a < b) || !(std > 0) {
		panic(&torch.Error{Op: "trunc_normal_", Kind: torch.Value,
			Msg: fmt.Sprintf("the bounds are [%v, %v] and the standard deviation is %v; need a < b and std > 0", a, b, std)})
	}
	below := func(x float64) float64 { return (1 + math.Erf((x-mean)/std/math.Sqrt2)) / 2 }
	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		if below(b)-below(a) > .3 {
			truncateNormal(s, t, mean, std, a, b, g)
		} else {
			truncateUniform(s, t, mean, std, a, b, g)
		}
	})
	return t
}

// truncateNormal draws t anew wherever it lies outside [a, b].
func truncateNormal(s *torch.Scope, t *torch.Tensor, mean, std, a, b float64, g *torch.Generator) {
	round := func(x float64) float64 { return s.Full(nil, x, t.DType(), torch.CPU).Item() }
	lo, hi := round(a), round(b)
	g.Normal(t, mean, std)
	for {
		in := s.Child()
		x := in.Use(t)
		outside := x.LtScalar(lo).Add(x.GtScalar(hi)) // or
		done := outside.Any().Item() == 0
		if !done {
			again := g.Normal(in.Empty(t.Shape(), t.DType(), t.Device()), mean, std)
			t.CopyFrom(outside.Where(again, x))
		}
		in.Close()
		if done {
			return
		}
	}
}

// truncateUniform draws uniform candidates and accepts each with a probability
// proportional to the density, 1 at its peak in [a, b].
func truncateUniform(s *torch.Scope, t *torch.Tensor, mean, std, a, b float64, g *torch.Generator) {
	peak := (max(a, min(mean, b)) - mean) / std
	pending := s.Ones(t.Shape(), torch.Bool, t.Device())
	for pending.Any().Item() != 0 {
		in := s.Child()
		x := g.Uniform(in.Empty(t.Shape(), t.DType(), t.Device()), a, b)
		t.CopyFrom(pending.Where(x, t))
		density := x.SubScalar(mean).DivScalar(std).Pow(2).MulScalar(-.5).SubScalar(-.5 * peak * peak)
		refused := g.Uniform(in.Empty(t.Shape(), t.DType(), t.Device()), 0, 1).Log().Gt(density)
		pending.CopyFrom(pending.LogicalAnd(refused))
		in.Close()
	}
}

// Orthogonal fills the weight t [Out, In, …] with gain times a matrix
// [Out, In·…] of orthonormal rows or columns, whichever are fewer, and returns t
// (Saxe et al. 2013). It panics below two dimensions.
func Orthogonal(t *torch.Tensor, gain float64, g *torch.Generator) *torch.Tensor {
	fans("orthogonal_", t)
	rows := t.Size(0)
	cols := t.Numel() / max(rows, 1)
	if rows*cols == 0 {
		return t
	}
	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		m := g.Normal(s.Empty([]int{rows, cols}, t.DType(), t.Device()), 0, 1)
		if rows < cols {
			m = m.T()
		}
		q, r := m.QR("reduced")
		q = q.Mul(r.Diagonal(0, 0, 1).Sign()) // uniform over the orthogonal matrices (Mezzadri 2007)
		if rows < cols {
			q = q.T()
		}
		t.CopyFrom(q.Reshape(t.Shape())).MulScalarInPlace(gain)
	})
	return t
}
