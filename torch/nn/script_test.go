package nn_test

import (
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

var _ nn.Layer = (*nn.Script)(nil)

func TestScript(t *testing.T) {
	torchtest.NoLeak(t)
	m, err := torch.LoadScript("../testdata/script/net.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	expected := torchtest.Fixture(t, "../testdata/script/expected.safetensors")
	l := nn.NewScript(m)
	defer nn.Free(l)
	s := torch.NewScope()
	defer s.Close()
	x := s.Use(expected["net/x"])
	torchtest.AllClose(t, l.Forward(x), expected["net/eval"], 1e-5, 1e-6)

	if got, want := nn.NumParameters(l), 3*4*9+2*4+2*4+2; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	nn.To(l, torch.CPU, torch.ChannelsLast) // replaces all tensors
	torchtest.AllClose(t, l.Forward(x), expected["net/eval"], 1e-5, 1e-6)
	nn.SetTraining(l, true)
	y := l.Forward(x)
	torchtest.AllClose(t, y, expected["net/train"], 1e-5, 1e-6)
	y.Sum().Backward()
	for name, p := range nn.Parameters(l) {
		if p.Grad() == nil {
			t.Errorf("%s has no gradient", name)
		}
	}
	for name, b := range nn.State(l) { // the running statistics are the module's own
		if want := expected["net/buffers/"+name]; want != nil {
			torchtest.AllClose(t, b, want, 1e-6, 1e-6)
		}
	}
	if err := torch.Try(func() { l.Forward(x.Select(0, 0).Select(0, 0)) }); err == nil {
		t.Error("an image of two dimensions was taken")
	}
	nn.SetTraining(l, false)
	l.Forward(x)
	torch.ZeroGrad(nn.Tensors(l))
}
