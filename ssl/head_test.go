package ssl_test

import (
	"strings"
	"testing"

	"sslmem/ssl"
	"sslmem/ssl/recipes"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Every method but those that reconstruct has a head, which is a part of the trainer
// and takes the features of its encoder.
func TestHeads(t *testing.T) {
	torchtest.NoLeak(t)
	for _, m := range ssl.Methods() {
		e, err := recipes.Lookup(m.Name + "-demo")
		if err != nil {
			t.Fatal(err)
		}
		e.Recipe.Augment.Size = 28
		trainer, err := ssl.New(e.Recipe, 1, 3, 1)
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		h, ok := trainer.(ssl.Header)
		if masks := strings.HasPrefix(m.Name, "mae"); ok == masks {
			t.Errorf("%s: it has a head: %v", m.Name, ok)
		}
		if ok {
			s := torch.NewScope()
			nn.SetTraining(h.Head(), false)
			y := h.Head().Forward(s.Zeros([]int{2, trainer.Encoder().Features()}, torch.Float32, torch.CPU))
			if shape := y.Shape(); len(shape) != 2 || shape[0] != 2 {
				t.Errorf("%s: the head gives %v for two images", m.Name, shape)
			}
			s.Close()
		}
		ssl.Free(trainer)
	}
}
