package models

import (
	"fmt"
	"maps"
	"math"
	"strings"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// LoadWeights copies a state_dict of torchvision or timm, such as
// [torch.LoadPT] reads, into the encoder. It is [nn.LoadState] that knows what
// such files have beyond an encoder:
//
//   - the prefix "module." of a model trained in parallel is dropped;
//   - the classifier (fc, or head) is left out if the encoder has none;
//   - the counters num_batches_tracked of batch norms may be missing, as files before
//     PyTorch 0.4.1 and those of gotorch lack them; no feature depends on them;
//   - the position embedding of a ViT trained on images of another size is
//     interpolated, as timm does;
//   - weights for the other stem of a ResNet, or for the other norm of a ViT,
//     are refused with what to change.
//
// After an error nothing has changed.
func LoadWeights(b Backbone, state map[string]*torch.Tensor) error {
	state = nn.StripPrefix(state, "module.")
	s := torch.NewScope()
	defer s.Close()
	switch m := b.(type) {
	case *ResNet:
		if m.FC == nil {
			drop(state, "fc.")
		}
		if err := m.checkStem(state["conv1.weight"]); err != nil {
			return err
		}
	case *ViT:
		if m.Head == nil {
			drop(state, "head.")
		}
		if err := m.fitPositions(s, state); err != nil {
			return err
		}
	}
	for name, own := range nn.State(b) {
		if strings.HasSuffix(name, ".num_batches_tracked") && state[name] == nil {
			state[name] = own
		}
	}
	return nn.LoadState(b, state)
}

func drop(state map[string]*torch.Tensor, prefix string) {
	maps.DeleteFunc(state, func(name string, _ *torch.Tensor) bool { return strings.HasPrefix(name, prefix) })
}

// checkStem returns an error if a first convolution belongs to the other stem.
func (m *ResNet) checkStem(conv *torch.Tensor) error {
	if conv == nil {
		return nil // LoadState says so
	}
	var shape []int
	if err := torch.Try(func() { shape = conv.Shape() }); err != nil {
		return fmt.Errorf("the weight conv1.weight cannot be read: %w", err)
	}
	if len(shape) != 4 || shape[2] == m.Conv1.Weight.Size(2) {
		return nil
	}
	switch {
	case shape[2] == 7 && m.Stem == CIFARStem:
		return fmt.Errorf("the weights are for the stem %q (7×7, then pooling), but the model has the stem %q; build it with stem = %[1]q", ImageNetStem, CIFARStem)
	case shape[2] == 3 && m.Stem == ImageNetStem:
		return fmt.Errorf("the weights are for the stem %q (3×3 without pooling), but the model has the stem %q; build it with stem = %[1]q", CIFARStem, ImageNetStem)
	}
	return nil
}

// fitPositions puts a position embedding of the model's size into the state.
func (m *ViT) fitPositions(s *torch.Scope, state map[string]*torch.Tensor) error {
	if state["fc_norm.weight"] != nil && state["norm.weight"] == nil {
		return fmt.Errorf(`the weights normalize the mean of the tokens (fc_norm), but the model normalizes the tokens (norm); they give other features, so take weights made with timm's fc_norm=False`)
	}
	pos := state["pos_embed"]
	if pos == nil {
		return nil
	}
	err := torch.Try(func() {
		torch.NoGrad(func() {
			shape, want := pos.Shape(), m.PosEmbed.Shape()
			if len(shape) != 3 || shape[0] != 1 || shape[1] == want[1] || shape[2] != want[2] {
				return // fits, or LoadState says why not
			}
			patches := shape[1] - m.prefix()
			side := int(math.Round(math.Sqrt(float64(max(patches, 0)))))
			if side < 1 || side*side != patches {
				return
			}
			pos := s.Use(pos)
			image := interpolate(pos.Narrow(1, m.prefix(), patches), side, m.grid(), m.grid())
			state["pos_embed"] = torch.Cat([]*torch.Tensor{pos.Narrow(1, 0, m.prefix()), image}, 1)
		})
	})
	if err != nil {
		return fmt.Errorf("the weight pos_embed cannot be used: %w", err)
	}
	return nil
}
