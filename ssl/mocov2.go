package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "moco-v2", Title: "MoCo v2",
	Paper:     "Chen et al. 2020, Improved Baselines with Momentum Contrastive Learning, arXiv 2003.04297",
	Views:     2,
	Remembers: "every image is compared with the keys of images of past batches",
	Options: func() Options {
		return &MoCoV2Options{Temperature: .2, Projector: []int{2048, 128}, Queue: 65536, Momentum: .999, MomentumEnd: .999}
	},
})

// MoCoV2Options are the options of MoCo v2.
type MoCoV2Options struct {
	Temperature float64 `toml:"temperature"` // of InfoNCE
	// Projector holds the units of the layers of the projector, with ReLU between
	// them and without batch norm.
	Projector []int `toml:"projector"`
	// Queue is the number of keys of past batches that a query is compared with.
	Queue int `toml:"queue"`
	// Momentum is the weight of the encoder of keys in its moving average at the
	// start; it moves to MomentumEnd along half a cosine. In the paper it is constant.
	Momentum    float64 `toml:"momentum"`
	MomentumEnd float64 `toml:"momentum_end"` // 0 means 1
	// Symmetric takes the mean of the losses of both orders of the views, and both
	// views' keys join the queue. In the paper the first view is always the query; the
	// authors' notebook for CIFAR adds both orders, which is twice this mean.
	Symmetric bool `toml:"symmetric"`
}

// Check implements [Options].
func (o *MoCoV2Options) Check() error {
	if !(o.Temperature > 0) {
		return fmt.Errorf("temperature is %v but must be above 0", o.Temperature)
	}
	if o.Queue < 1 || o.Queue > 1<<24 {
		return fmt.Errorf("queue is %d but must be between 1 and %d keys", o.Queue, 1<<24)
	}
	if err := checkUnits("projector", o.Projector); err != nil {
		return err
	}
	return checkMomentum(o.Momentum, o.MomentumEnd)
}

// New implements [Options].
func (o *MoCoV2Options) New(b Build) (Trainer, error) {
	head := MLP{Units: o.Projector, NoNorm: true}
	m := &MoCoV2{
		core:      newCore(b),
		projector: head.New(b.Encoder.Features(), b.Generator),
		queue:     newQueue(o.Projector[len(o.Projector)-1], o.Queue, b.Generator),
		o:         *o,
		ranks:     b.Ranks,
	}
	var err error
	m.target, err = newTarget(b, pair{b.Encoder, m.projector}, head)
	return m, err
}

// MoCoV2 finds the key of an image's other view among those of past batches, which
// wait in a queue. Keys are projections by a moving average of the network, so that
// old and new ones are of one kind (He et al. 2019, arXiv 1911.05722, algorithm 1;
// Chen et al. 2020, arXiv 2003.04297). The loss is [InfoNCE]. The keys of a step join
// the queue behind it: they are negatives from the next step on.
//
// The authors shuffle the keys' images among the devices, so that the batch norm of a
// device does not see a query and its key, which would give the key away. Here
// nothing is shuffled: batch norm sees the queries of a device apart from its keys,
// and computes its statistics over the whole batch of that device, where one image
// weighs little. Batches should not be small for that reason.
//
// As the loss of an image does not depend on the others of its batch, a batch may be
// computed in parts: all are compared with the same queue.
type MoCoV2 struct {
	core
	projector nn.Sequential
	target    *target
	queue     *queue
	keys      []*torch.Tensor // of the parts of this step, which wait for its end
	o         MoCoV2Options
	ranks     Ranks
}

// Forward implements [Trainer].
func (m *MoCoV2) Forward(b Batch) Result {
	views := b.Parts(b.Views)
	queries, keyed := views[0], views[1]
	if m.o.Symmetric {
		queries, keyed = b.Views, torch.Cat([]*torch.Tensor{views[1], views[0]}, 0)
	}
	q := m.forward(b, queries, func(x *torch.Tensor) *torch.Tensor {
		return m.projector.Forward(m.encoder.Forward(x))
	})
	var k *torch.Tensor
	torch.NoGrad(func() {
		k = normalize(m.forward(b, keyed, m.target.Forward))
		m.keys = append(m.keys, m.ranks.Gather(k).Clone().Keep())
	})
	return Result{Loss: InfoNCE(q, k, m.queue.columns, m.o.Temperature), Output: q}
}

// AfterStep implements [Trainer].
func (m *MoCoV2) AfterStep(c Clock) {
	m.target.update(momentum{m.o.Momentum, m.o.MomentumEnd}.at(c))
	for _, k := range m.keys {
		m.queue.push(k)
	}
	m.drop()
}

// drop forgets the keys that wait.
func (m *MoCoV2) drop() {
	for _, k := range m.keys {
		k.Free()
	}
	m.keys = nil
}

// Collapse implements [Collapser]: the key is no nearer than those of the queue.
func (m *MoCoV2) Collapse() Collapse {
	return Collapse{
		Loss: math.Log(float64(1 + m.o.Queue)), Within: 1e-3,
		Meaning: fmt.Sprintf("ln %d, that of keys which are all alike", 1+m.o.Queue),
		Advice:  fmt.Sprintf("lower optimizer.lr, warm up for longer, or let the encoder of keys follow more slowly (options.momentum, now %g)", m.o.Momentum),
	}
}

// Register implements [nn.Module].
func (m *MoCoV2) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
	r.Module("target", m.target)
	m.queue.Register(r)
}

// Free gives up the keys that wait and all tensors.
func (m *MoCoV2) Free() {
	m.drop()
	nn.Free(m)
}

// InfoNCE returns the contrastive loss of queries q with their keys k [N, D] and
// negatives [D, K], columns of unit length (He et al. 2019, equation 1): the mean over
// the queries of −log of the softmax, over the key and all negatives, of cosine
// similarity / temperature at the key. It is ln(1 + K) if all are equal.
func InfoNCE(q, k, negatives *torch.Tensor, temperature float64) *torch.Tensor {
	q = normalize(q)
	positive := q.Mul(normalize(k)).SumDim([]int{1}, true)
	logits := torch.Cat([]*torch.Tensor{positive, q.Mm(negatives)}, 1).DivScalar(temperature)
	first := q.Scope().Zeros([]int{q.Size(0)}, torch.Int64, q.Device())
	return logits.CrossEntropy(first)
}
