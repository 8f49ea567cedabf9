package ssl

import "sslmem/torch/nn"

// A Header is a [Trainer] that has a head on the features of its encoder: the projector
// whose output a self-supervised method compares, or the classifier of a supervised
// one. MAE has none.
type Header interface {
	Trainer
	Head() nn.Layer // features [N, D] to [N, H]; the trainer's
}

// The heads.

// Head implements [Header].
func (m *SimCLR) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *AlignUniform) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *MoCoV2) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *MoCoV3) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *BYOL) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *SimSiam) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *BarlowTwins) Head() nn.Layer { return m.projector }

// Head implements [Header].
func (m *VICReg) Head() nn.Layer { return m.projector }

// Head implements [Header]: the layers before the prototypes.
func (m *DINO) Head() nn.Layer { return m.projector.mlp }

// Head implements [Header]: the classifier, [N, Classes].
func (m *Supervised) Head() nn.Layer { return m.classifier }
