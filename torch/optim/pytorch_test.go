package optim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

const (
	optimizersFile   = "testdata/optimizers.safetensors"
	optimizersScript = "testdata/make_optimizers.py"
)

// problem is the list of parameters of make_optimizers.py.
func problem(fixture map[string]*torch.Tensor, dtype torch.DType) []*torch.Tensor {
	start := torchtest.Group(fixture, "start")
	params := make([]*torch.Tensor, len(start))
	for i := range params {
		params[i] = start[fmt.Sprint(i)].Clone().ToDType(dtype).Keep().RequireGrad(true)
	}
	return params
}

// step takes step n, from 0, with the fixture's gradients and learning rate.
func step(fixture map[string]*torch.Tensor, params []*torch.Tensor, opt optim.Optimizer, n int) {
	grads := torchtest.Group(fixture, fmt.Sprintf("grad.%d", n%10))
	for i, p := range params {
		if i == 1 && n < 5 {
			p.SetGrad(nil)
			continue
		}
		p.SetGrad(grads[fmt.Sprint(i)].ToDType(p.DType()))
	}
	opt.Step(.01 * float64(1+n%3))
}

// split is the two groups of make_optimizers.py.
func split(p []*torch.Tensor) []optim.Group {
	return []optim.Group{
		{Params: []*torch.Tensor{p[0], p[2]}, WeightDecay: .1},
		{Params: []*torch.Tensor{p[1], p[3]}, NoAdapt: true, LRScale: .5},
	}
}

// position is where State counts parameter i in the groups of split.
var position = []int{0, 2, 1, 3}

type params = []*torch.Tensor

// cases are those of make_optimizers.py, by name.
var cases = map[string]func(p params) optim.Optimizer{
	"sgd":               func(p params) optim.Optimizer { return optim.NewSGD(p, optim.SGDOptions{}) },
	"sgd with decay":    func(p params) optim.Optimizer { return optim.NewSGD(p, optim.SGDOptions{WeightDecay: .1}) },
	"sgd with momentum": func(p params) optim.Optimizer { return optim.NewSGD(p, optim.SGDOptions{Momentum: .9}) },
	"sgd with dampening": func(p params) optim.Optimizer {
		return optim.NewSGD(p, optim.SGDOptions{Momentum: .9, Dampening: .3, WeightDecay: .1})
	},
	"sgd with nesterov": func(p params) optim.Optimizer {
		return optim.NewSGD(p, optim.SGDOptions{Momentum: .9, Nesterov: true, WeightDecay: .1})
	},
	"sgd in groups": func(p params) optim.Optimizer {
		return optim.NewSGDGroups(split(p), optim.SGDOptions{Momentum: .9})
	},
	"adam":            func(p params) optim.Optimizer { return optim.NewAdam(p, optim.AdamOptions{}) },
	"adam with decay": func(p params) optim.Optimizer { return optim.NewAdam(p, optim.AdamOptions{WeightDecay: .1}) },
	"adam with options": func(p params) optim.Optimizer {
		return optim.NewAdam(p, optim.AdamOptions{Beta1: .8, Beta2: .95, Eps: 1e-3})
	},
	"adamw": func(p params) optim.Optimizer {
		return optim.NewAdam(p, optim.AdamOptions{WeightDecay: .1, Decoupled: true})
	},
	"adamw in groups": func(p params) optim.Optimizer {
		return optim.NewAdamGroups(split(p), optim.AdamOptions{Decoupled: true})
	},
	"lars you": func(p params) optim.Optimizer { return optim.NewLARS(p, optim.LARSOptions{Momentum: .9}) },
	"lars you with options": func(p params) optim.Optimizer {
		return optim.NewLARS(p, optim.LARSOptions{Momentum: .8, WeightDecay: .1, Trust: .02, Eps: .5})
	},
	"lars you in groups": func(p params) optim.Optimizer {
		return optim.NewLARSGroups(split(p), optim.LARSOptions{Momentum: .9})
	},
	"lars byol": func(p params) optim.Optimizer {
		return optim.NewLARS(p, optim.LARSOptions{Form: optim.LARSBYOL2020, Momentum: .9})
	},
	"lars byol with options": func(p params) optim.Optimizer {
		return optim.NewLARS(p, optim.LARSOptions{Form: optim.LARSBYOL2020, Momentum: .8, WeightDecay: .1, Trust: .02, Eps: .5})
	},
	"lars byol in groups": func(p params) optim.Optimizer {
		return optim.NewLARSGroups(split(p), optim.LARSOptions{Form: optim.LARSBYOL2020, Momentum: .9})
	},
	"lars clip": func(p params) optim.Optimizer {
		return optim.NewLARS(p, optim.LARSOptions{Form: optim.LARSClip, Momentum: .9, WeightDecay: .1, Trust: .02})
	},
	"lars clip with options": func(p params) optim.Optimizer {
		return optim.NewLARS(p, optim.LARSOptions{Form: optim.LARSClip, Momentum: .8, WeightDecay: .1, Trust: .005, Eps: .5})
	},
	"lars clip in groups": func(p params) optim.Optimizer {
		return optim.NewLARSGroups(split(p), optim.LARSOptions{Form: optim.LARSClip, Momentum: .9})
	},
	"lamb":            func(p params) optim.Optimizer { return optim.NewLAMB(p, optim.LAMBOptions{}) },
	"lamb with decay": func(p params) optim.Optimizer { return optim.NewLAMB(p, optim.LAMBOptions{WeightDecay: .1}) },
	"lamb with options": func(p params) optim.Optimizer {
		return optim.NewLAMB(p, optim.LAMBOptions{Beta1: .8, Beta2: .95, Eps: 1e-3, MaxWeightNorm: 1.5, WeightDecay: .1})
	},
	"lamb without correction": func(p params) optim.Optimizer {
		return optim.NewLAMB(p, optim.LAMBOptions{NoBiasCorrection: true, WeightDecay: .1})
	},
	"lamb in groups": func(p params) optim.Optimizer { return optim.NewLAMBGroups(split(p), optim.LAMBOptions{}) },
	"adamw with changing decay": func(p params) optim.Optimizer {
		return changing{optim.NewAdamGroups(split(p), optim.AdamOptions{Decoupled: true}), func(groups []optim.Group, n int) {
			groups[0].WeightDecay = .4 + (.04-.4)*(1+math.Cos(math.Pi*float64(n)/100))/2
		}}
	},
	"sgd with a constant group": func(p params) optim.Optimizer {
		groups := split(p)
		groups[1].LR, groups[1].LRScale = .03, .5
		return optim.NewSGDGroups(groups, optim.SGDOptions{Momentum: .9})
	},
	"sgd with a changing scale": func(p params) optim.Optimizer {
		return changing{optim.NewSGDGroups(split(p), optim.SGDOptions{Momentum: .9}), func(groups []optim.Group, n int) {
			groups[1].LRScale = 1 / float64(1+n%7)
		}}
	},
	"adamw frozen at times": func(p params) optim.Optimizer {
		return changing{optim.NewAdamGroups(split(p), optim.AdamOptions{Decoupled: true}), func(groups []optim.Group, n int) {
			groups[1].Frozen = n%4 < 2
		}}
	},
}

// changing is an optimizer whose groups change before each step n, from 0.
type changing struct {
	optim.Optimizer
	change func(groups []optim.Group, n int)
}

func (c changing) Step(lr float64) {
	c.change(c.Groups(), int(c.Steps()))
	c.Optimizer.Step(lr)
}

// tolerances of values of order 1 after 100 steps, each of which rounds a few
// times.
func tolerances(dtype torch.DType) (rtol, atol float64) {
	if dtype == torch.Float64 {
		return 1e-13, 1e-13
	}
	return 1e-5, 1e-5
}

func TestOptimizersAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	for name, build := range cases {
		for _, dtype := range []torch.DType{torch.Float32, torch.Float64} {
			full := name
			if dtype == torch.Float64 {
				full += " f64"
			}
			t.Run(full, func(t *testing.T) {
				params := problem(fixture, dtype)
				defer free(params)
				opt := build(params)
				defer opt.Free()
				want := torchtest.Group(fixture, full)
				rtol, atol := tolerances(dtype)
				for n := range 100 {
					step(fixture, params, opt, n)
					if n == 5 {
						for i, p := range params {
							torchtest.AllClose(t, p, want[fmt.Sprintf("sixth.%d", i)], rtol, atol)
						}
					}
				}
				for i, p := range params {
					torchtest.AllClose(t, p, want[fmt.Sprintf("last.%d", i)], rtol, atol)
				}
				compared := 0
				for key, got := range opt.State() {
					slot, number, _ := strings.Cut(key, ".")
					if len(opt.Groups()) > 1 {
						var n int
						fmt.Sscan(number, &n)
						number = fmt.Sprint(position[n])
					}
					if w := want[slot+"."+number]; w != nil {
						compared++
						torchtest.AllClose(t, got, w, rtol, atol)
					}
				}
				if stateful := !strings.HasSuffix(name, "sgd") && name != "sgd with decay"; stateful != (compared > 0) {
					t.Errorf("%d tensors of state were compared", compared)
				}
				if got := opt.Steps(); got != 100 {
					t.Errorf("%d steps counted, want 100", got)
				}
			})
		}
	}
}

func TestOptimizersFixture(t *testing.T) {
	torchtest.Remake(t, optimizersScript, optimizersFile, 1e-5, 1e-6)
}

// A second optimizer that gets the state of the first, through a file or as a
// state dict, goes on bit for bit.
func TestResume(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	ways := map[string]func(t *testing.T, from, to optim.Optimizer){
		"file": func(t *testing.T, from, to optim.Optimizer) {
			path := t.TempDir() + "/state.safetensors"
			if err := torch.SaveSafetensors(path, from.State(), nil); err != nil {
				t.Fatal(err)
			}
			saved := torchtest.Fixture(t, path)
			for name, x := range to.State() {
				x.CopyFrom(saved[name])
			}
			to.SetSteps(from.Steps())
		},
		"dict": func(t *testing.T, from, to optim.Optimizer) {
			if err := to.LoadStateDict(from.StateDict()); err != nil {
				t.Fatal(err)
			}
			to.SetSteps(from.Steps()) // SGD's dict has no count
		},
	}
	for name, build := range cases {
		for way, resume := range ways {
			for _, at := range []int{3, 12} { // parameter 1 has no gradient yet, or has
				t.Run(fmt.Sprintf("%s by %s after %d", name, way, at), func(t *testing.T) {
					params := problem(fixture, torch.Float32)
					defer free(params)
					first := build(params)
					defer first.Free()
					for n := range at {
						step(fixture, params, first, n)
					}
					copies := make([]*torch.Tensor, len(params))
					for i, p := range params {
						copies[i] = p.Detach().Clone().RequireGrad(true)
					}
					defer free(copies)
					second := build(copies)
					defer second.Free()
					resume(t, first, second)
					for n := at; n < at+10; n++ {
						step(fixture, params, first, n)
						step(fixture, copies, second, n)
					}
					for i := range params {
						if !copies[i].Equal(params[i]) {
							t.Errorf("parameter %d differs after resuming", i)
						}
					}
				})
			}
		}
	}
}
