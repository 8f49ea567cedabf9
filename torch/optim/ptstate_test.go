package optim_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/internal/python"
	"sslmem/torch"
	"sslmem/torch/optim"
	"sslmem/torch/ptfile"
	"sslmem/torch/torchtest"
)

const (
	stateFile   = "testdata/state.pt"
	stateScript = "testdata/make_state.py"
)

// stateCases are those of make_state.py.
var stateCases = []string{"sgd", "sgd with dampening", "adam", "adamw"}

// member returns an entry of a dict.
func member(t *testing.T, v ptfile.Value, key string) ptfile.Value {
	t.Helper()
	d, ok := v.(*ptfile.Dict)
	if !ok {
		t.Fatalf("%T is no dict", v)
	}
	value, ok := d.Get(key)
	if !ok {
		t.Fatalf("there is no entry %q", key)
	}
	return value
}

// A training that PyTorch began goes on here, from its file.
func TestGoesOnFromPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	s := torch.NewScope()
	defer s.Close()
	root, err := torch.LoadPTTree(s, stateFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stateCases {
		t.Run(name, func(t *testing.T) {
			saved := member(t, root, name)
			params := problem(fixture, torch.Float32)
			defer free(params)
			for i, p := range member(t, saved, "params").(*ptfile.List).Items {
				torch.NoGrad(func() { params[i].CopyFrom(p.(*torch.Tensor)) })
			}
			opt := cases[name](params)
			defer opt.Free()
			dict, err := optim.FromPT(member(t, saved, "optimizer"))
			if err != nil {
				t.Fatal(err)
			}
			if err := opt.LoadStateDict(dict); err != nil {
				t.Fatal(err)
			}
			for n := 12; n < 100; n++ {
				step(fixture, params, opt, n)
			}
			want := torchtest.Group(fixture, name)
			rtol, atol := tolerances(torch.Float32)
			for i, p := range params {
				torchtest.AllClose(t, p, want[fmt.Sprintf("last.%d", i)], rtol, atol)
			}
		})
	}
}

// A training that began here goes on in PyTorch, from our file.
func TestPyTorchGoesOn(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	s := torch.NewScope()
	defer s.Close()
	root := ptfile.NewDict(ptfile.PlainDict)
	for _, name := range stateCases {
		params := problem(fixture, torch.Float32)
		defer free(params)
		opt := cases[name](params)
		defer opt.Free()
		for n := range 12 {
			step(fixture, params, opt, n)
		}
		list := ptfile.NewList()
		for _, p := range params {
			list.Items = append(list.Items, p.Detach().MoveTo(s))
		}
		saved := ptfile.NewDict(ptfile.PlainDict)
		saved.Set("optimizer", optim.ToPT(opt.StateDict()))
		saved.Set("params", list)
		root.Set(name, saved)
	}
	path, result := filepath.Join(t.TempDir(), "ours.pt"), filepath.Join(t.TempDir(), "last.safetensors")
	if err := torch.SavePT(path, root); err != nil {
		t.Fatal(err)
	}
	python.Run(t, stateScript, "--resume", path, result)
	got := torchtest.Fixture(t, result)
	rtol, atol := tolerances(torch.Float32)
	for _, name := range stateCases {
		for i := range 4 {
			key := fmt.Sprintf("%s/last.%d", name, i)
			torchtest.AllClose(t, got[key], fixture[key], rtol, atol)
		}
	}
}

// What is no state of an optimizer is refused.
func TestFromPTRefuses(t *testing.T) {
	mixed, odd := ptfile.NewDict(ptfile.PlainDict), ptfile.NewDict(ptfile.PlainDict)
	mixed.Set("a", nil)
	mixed.Set(int64(1), nil)
	odd.Set(true, nil)
	numbered := ptfile.NewDict(ptfile.PlainDict)
	numbered.Set(int64(1), nil)
	for want, v := range map[string]ptfile.Value{
		"names and numbers as keys": mixed,
		"not bool":                  ptfile.Tuple{odd},
		"not int64":                 int64(3),
		"not *ptfile.Dict":          numbered,
	} {
		if _, err := optim.FromPT(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", v, err, want)
		}
	}
}
