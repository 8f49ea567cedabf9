package mem

import (
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// gray gives images of one channel to an encoder of three.
type gray struct{ Encoder }

func (g gray) Forward(x *torch.Tensor) *torch.Tensor {
	return g.Encoder.Forward(x.Expand([]int{-1, 3, -1, -1}))
}

// An encoder that PyTorch exported is scored like one of this program.
func TestScriptEncoder(t *testing.T) {
	torchtest.NoLeak(t)
	m, err := torch.LoadScript("../torch/testdata/script/net.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	e := nn.NewScript(m)
	defer nn.Free(e)
	c := scorer(t)
	c.Together = true
	p := pair(t, c, gray{e}, gray{e}, fashion(t), somePoints())
	if !slices.Equal(p.F, p.G) || slices.Min(p.F) <= 0 {
		t.Errorf("losses %v and %v, want equal ones above 0", p.F, p.G)
	}
}
