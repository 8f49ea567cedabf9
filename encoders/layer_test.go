package encoders_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/encoders"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func open(t *testing.T, path string) *encoders.Encoder {
	t.Helper()
	e, err := encoders.Open(path, encoders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestLayer(t *testing.T) {
	torchtest.NoLeak(t)
	e, m := open(t, bare), open(t, script)
	defer e.Close()
	defer m.Close()
	s := torch.NewScope()
	defer s.Close()
	x := s.Use(torchtest.Fixture(t, expected)["x"])
	names := e.Layers()
	if names[0] != "conv1" || names[len(names)-1] != encoders.FeaturesLayer || !slices.Equal(m.Layers(), []string{encoders.FeaturesLayer}) {
		t.Errorf("layers %v and %v", names, m.Layers())
	}
	torch.NoGrad(func() {
		pooled, err := e.Layer("avgpool")
		if err != nil {
			t.Fatal(err)
		}
		y := pooled.Forward(x)
		if !slices.Equal(y.Shape(), []int{2, 16, 1, 1}) {
			t.Errorf("avgpool gives %v", y.Shape())
		}
		torchtest.AllClose(t, y.Flatten(1, -1), e.Network.Forward(x), 0, 0)
		features, err := m.Layer(encoders.FeaturesLayer)
		if err != nil {
			t.Fatal(err)
		}
		torchtest.AllClose(t, features.Forward(x), e.Network.Forward(x), 1e-5, 1e-5)
	})
	for _, c := range []struct {
		e          *encoders.Encoder
		name, want string
	}{{e, "layer1.0.con1", `did you mean "layer1.0.conv1"`}, {e, "zzzzzzzzzzzzzzzzzzz", "there are conv1, bn1"}, {m, "conv1", "TorchScript"}} {
		if _, err := c.e.Layer(c.name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("layer %q gives %v", c.name, err)
		}
	}
}

func TestSameArchitecture(t *testing.T) {
	torchtest.NoLeak(t)
	a, b, m, n, p := open(t, bare), open(t, bare), open(t, script), open(t, script), open(t, "testdata/pair.pt")
	for _, c := range []struct {
		a, b *encoders.Encoder
		want bool
	}{{a, b, true}, {a, m, false}, {m, a, false}, {m, n, true}, {m, p, false}} {
		if got := encoders.SameArchitecture(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
	for _, e := range []*encoders.Encoder{a, b, m, n, p} {
		e.Close()
	}
}
