package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "dino", Title: "DINO",
	Paper:     "Caron et al. 2021, Emerging Properties in Self-Supervised Vision Transformers, arXiv 2104.14294",
	Views:     2,
	Remembers: "the center of its teacher is a mean over the images of past batches",
	Local:     true,
	Options: func() Options {
		return &DINOOptions{
			Projector: []int{2048, 2048, 256}, OutDim: 65536, NormLastLayer: true,
			StudentTemp: .1, TeacherTemp: .04, WarmupTeacherTemp: .04,
			CenterMomentum: .9, Momentum: .996, FreezeLastLayer: 1,
		}
	},
})

// DINOOptions are the options of DINO, under the names of the official code where
// it has them.
type DINOOptions struct {
	// Projector holds the units of the layers of the head before the prototypes:
	// linear and GELU, and at the end linear alone, the bottleneck.
	Projector []int `toml:"projector"`
	// UseBNInHead puts a batch norm behind each layer of the head but the bottleneck.
	UseBNInHead bool `toml:"use_bn_in_head"`
	// OutDim is the number of prototypes K, the length of the outputs.
	OutDim int `toml:"out_dim"`
	// NormLastLayer keeps the norms of the prototypes at 1; otherwise they are trained.
	NormLastLayer bool `toml:"norm_last_layer"`

	StudentTemp float64 `toml:"student_temp"`
	// The teacher's temperature rises linearly, from epoch to epoch, from
	// WarmupTeacherTemp in the first to TeacherTemp in the last of
	// WarmupTeacherTempEpochs.
	TeacherTemp             float64 `toml:"teacher_temp"`
	WarmupTeacherTemp       float64 `toml:"warmup_teacher_temp"`
	WarmupTeacherTempEpochs int     `toml:"warmup_teacher_temp_epochs"`

	CenterMomentum float64 `toml:"center_momentum"` // weight of the center in its moving average
	// Momentum is the weight of the teacher in its moving average at the start; it
	// rises to MomentumEnd along half a cosine.
	Momentum    float64 `toml:"momentum"`
	MomentumEnd float64 `toml:"momentum_end"` // 0 means 1
	// FreezeLastLayer is the number of epochs in which the prototypes stay as they are.
	FreezeLastLayer int `toml:"freeze_last_layer"`
}

// Check implements [Options].
func (o *DINOOptions) Check() error {
	if err := checkUnits("projector", o.Projector); err != nil {
		return err
	}
	if o.OutDim < 2 || o.OutDim > 1<<24 {
		return fmt.Errorf("out_dim is %d but must lie between 2 and %d", o.OutDim, 1<<24)
	}
	for _, t := range []struct {
		name  string
		value float64
	}{{"student_temp", o.StudentTemp}, {"teacher_temp", o.TeacherTemp}, {"warmup_teacher_temp", o.WarmupTeacherTemp}} {
		if !(t.value > 0) {
			return fmt.Errorf("%s is %v but must be above 0", t.name, t.value)
		}
	}
	if o.WarmupTeacherTempEpochs < 0 {
		return fmt.Errorf("warmup_teacher_temp_epochs is %d but must be at least 0", o.WarmupTeacherTempEpochs)
	}
	if !(o.CenterMomentum >= 0 && o.CenterMomentum <= 1) {
		return fmt.Errorf("center_momentum is %v but must lie between 0 and 1", o.CenterMomentum)
	}
	if o.FreezeLastLayer < 0 {
		return fmt.Errorf("freeze_last_layer is %d but must be at least 0", o.FreezeLastLayer)
	}
	return checkMomentum(o.Momentum, o.MomentumEnd)
}

// New implements [Options].
func (o *DINOOptions) New(b Build) (Trainer, error) {
	teacher, err := b.Twin()
	if err != nil {
		return nil, err
	}
	m := &DINO{
		core: newCore(b), o: *o, ranks: b.Ranks,
		momentum:  momentum{o.Momentum, o.MomentumEnd},
		projector: newDINOHead(*o, b.Encoder.Features(), b.Generator),
		center:    torch.Root.Zeros([]int{1, o.OutDim}, torch.Float32, torch.CPU),
	}
	student := pair{b.Encoder, m.projector}
	m.teacher = &target{
		pair:   pair{teacher, newDINOHead(*o, b.Encoder.Features(), torch.NewGenerator(0, torch.CPU))},
		online: student,
	}
	copyWeights(m.teacher.pair, student)
	nn.RequireGrad(m.teacher, false)
	return m, nil
}

// DINO teaches a student, from each view of an image, the distribution over
// prototypes that a teacher sees in another view (Caron et al. 2021, arXiv
// 2104.14294). The teacher is the moving average of the student and sees the two
// global views only, the student the local ones too. Two things keep all images
// from getting one distribution: a center, the moving average of the
// teacher's outputs, is taken away from them, so that no prototype wins
// everywhere, and a low temperature keeps them far from uniform.
//
// All is as in the official code. With forward "joint", the encoder gets the
// global views together, then the local ones, and the head all of them at once;
// with "split", both get one view after the other. The batch norms of the teacher
// are in training mode, with statistics of their own. It drops no paths. Two
// details differ: positions of a ViT are interpolated for local views as timm does,
// with antialiasing, and the warm-up of the learning rate takes one step more.
//
// The encoder that is kept is the student's. The authors evaluate the teacher's, which
// a checkpoint has under "teacher.encoder.".
type DINO struct {
	core
	projector *dinoHead
	teacher   *target
	o         DINOOptions
	momentum  momentum
	ranks     Ranks

	center *torch.Tensor // [1, K]
	// The mean outputs of the teacher in the parts of a step, added up, and their number.
	outputs *torch.Tensor // [1, K], nil between steps
	parts   int
}

// Forward implements [Trainer].
func (m *DINO) Forward(b Batch) Result {
	z := m.student(b)
	var t *torch.Tensor
	torch.NoGrad(func() {
		t = full(m.forward(b, b.Views, m.teacher.Forward))
		m.collect(m.ranks.Mean(t.MeanDim([]int{0}, true)))
	})
	temperature := b.Clock.Linear(m.o.WarmupTeacherTemp, m.o.TeacherTemp, m.o.WarmupTeacherTempEpochs)
	loss, entropy := dinoLoss(z, t, z.Scope().Use(m.center), b.Size, m.o.StudentTemp, temperature)
	return Result{Loss: loss, Output: z, Parts: []Part{{"entropy", entropy}, {"divergence", loss.Detach().Sub(entropy)}}}
}

// student returns the student's outputs for all views, [(2+L)·B, K].
func (m *DINO) student(b Batch) *torch.Tensor {
	kinds := []*torch.Tensor{b.Views}
	if b.Local != nil {
		kinds = append(kinds, b.Local)
	}
	online := pair{m.encoder, m.projector}
	if m.split {
		for i, x := range kinds {
			kinds[i] = m.forward(b, x, online.Forward)
		}
		return full(torch.Cat(kinds, 0))
	}
	for i, x := range kinds {
		kinds[i] = m.encoder.Forward(x)
	}
	return full(m.projector.Forward(torch.Cat(kinds, 0)))
}

// collect adds the mean outputs of a part of the batch to those of the step.
func (m *DINO) collect(mean *torch.Tensor) {
	if m.parts == 0 {
		m.outputs = mean.Clone().Keep()
	} else {
		m.outputs.AddInPlace(mean, 1)
	}
	m.parts++
}

// BeforeStep implements [BeforeStepper]: without gradients, the optimizer passes
// the prototypes over, as if they were not there.
func (m *DINO) BeforeStep(c Clock) {
	if c.Epoch() < m.o.FreezeLastLayer {
		torch.ZeroGrad([]*torch.Tensor{m.projector.V, m.projector.G})
	}
}

// AfterStep implements [Trainer]: it moves the teacher and the center.
func (m *DINO) AfterStep(c Clock) {
	m.teacher.update(m.momentum.at(c))
	if m.parts == 0 {
		return
	}
	m.center.LerpInPlace(m.outputs.MulScalarInPlace(1/float64(m.parts)), 1-m.o.CenterMomentum)
	m.drop()
}

func (m *DINO) drop() {
	if m.parts > 0 {
		m.outputs.Free()
	}
	m.outputs, m.parts = nil, 0
}

// Collapse implements [Collapser]: teacher and student prefer no prototype, or one for
// all images.
func (m *DINO) Collapse() Collapse {
	return Collapse{
		Loss: math.Log(float64(m.o.OutDim)), Within: 1e-3, AlikeAtStart: true,
		Meaning: fmt.Sprintf("ln %d, that of outputs which prefer no prototype", m.o.OutDim),
		Advice: fmt.Sprintf("where no prototype is preferred, lower options.teacher_temp (now %g); where one is by all images, lower options.center_momentum (now %g), so that the center follows; else lower optimizer.lr, let the teacher follow more slowly (options.momentum, now %g), or warm up for longer",
			m.o.TeacherTemp, m.o.CenterMomentum, m.o.Momentum),
	}
}

// Register implements [nn.Module].
func (m *DINO) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
	r.Module("teacher", m.teacher)
	r.Buffer("center", &m.center)
}

// Free gives up all tensors.
func (m *DINO) Free() {
	m.drop()
	nn.Free(m)
}

// DINOLoss returns the loss of DINO for some images: the cross entropy of the student's
// distribution relative to the teacher's,
//
//	−Σₖ softmax((t − c)/τₜ)ₖ · ln softmax(s/τₛ)ₖ
//
// averaged over the images and over all pairs of a view of the teacher and another
// one of the student (Caron et al. 2021, equations 1 to 3). Student [V·B, K] and
// teacher [G·B, K] are the outputs before any softmax, the first views of all images, then the
// second and so on, and the G views of the teacher are the first of the
// student's. Center c is [1, K], or nil for none. No gradient flows to the
// teacher. The loss is ln K where both are uniform.
func DINOLoss(student, teacher, center *torch.Tensor, images int, studentTemp, teacherTemp float64) *torch.Tensor {
	if images < 1 || student.Size(0)%images != 0 || teacher.Size(0)%images != 0 || student.Size(0) < max(teacher.Size(0), 2*images) {
		panic(&torch.Error{Op: "DINOLoss", Kind: torch.Value, Msg: fmt.Sprintf(
			"%d rows of the student and %d of the teacher are not the views of %d images, where the student needs two views at least and all of the teacher's",
			student.Size(0), teacher.Size(0), images)})
	}
	loss, _ := dinoLoss(student, teacher, center, images, studentTemp, teacherTemp)
	return loss
}

// dinoLoss also returns the mean entropy of the teacher's distributions. What the loss
// has beyond it is the divergence of the student from them.
func dinoLoss(student, teacher, center *torch.Tensor, images int, studentTemp, teacherTemp float64) (loss, entropy *torch.Tensor) {
	global, views := teacher.Size(0)/images, student.Size(0)/images
	p := student.DivScalar(studentTemp).LogSoftmax(1)
	var q *torch.Tensor
	torch.NoGrad(func() {
		if center != nil {
			teacher = teacher.Sub(center)
		}
		logs := teacher.DivScalar(teacherTemp).LogSoftmax(1)
		q = logs.Exp()
		entropy = q.Mul(logs).Sum().DivScalar(-float64(global * images))
	})
	// The sum over all pairs, without those of a view and itself.
	each := func(x *torch.Tensor, n int) *torch.Tensor {
		return x.Reshape([]int{n, images, x.Size(1)}).SumDim([]int{0}, false)
	}
	all := each(q, global).Mul(each(p, views)).Sum()
	own := q.Mul(p.Narrow(0, 0, global*images)).Sum()
	return own.Sub(all).DivScalar(float64(images * global * (views - 1))), entropy
}

// dinoHead maps features to the outputs that DINO compares: an MLP, then the cosine
// of its bottleneck with each prototype, times the norm of the prototype. The
// names are those of the official checkpoints.
type dinoHead struct {
	mlp nn.Sequential
	G   *torch.Tensor // [K, 1]: norms of the prototypes
	V   *torch.Tensor // [K, bottleneck]: their directions, of any length
}

// newDINOHead returns the head for in features with the official initialization:
// normal with standard deviation .02 and no biases, but for the prototypes, which have
// PyTorch's default.
func newDINOHead(o DINOOptions, in int, g *torch.Generator) *dinoHead {
	h := &dinoHead{mlp: MLP{Units: o.Projector, NoNorm: !o.UseBNInHead, GELU: true}.New(in, g)}
	for _, l := range h.mlp {
		if l, ok := l.(*nn.Linear); ok {
			nn.TruncNormal(l.Weight, 0, .02, -2, 2, g)
			nn.Constant(l.Bias, 0)
		}
	}
	h.V = nn.NewLinear(o.Projector[len(o.Projector)-1], o.OutDim, false, g).Weight
	h.G = torch.Root.Ones([]int{o.OutDim, 1}, torch.Float32, torch.CPU).RequireGrad(!o.NormLastLayer)
	return h
}

// Forward maps features [N, F] to outputs [N, K].
func (h *dinoHead) Forward(x *torch.Tensor) *torch.Tensor {
	v := x.Scope().Use(h.V)
	prototypes := v.Div(v.Norm(2, []int{1}, true)).Mul(h.G)
	return normalize(h.mlp.Forward(x)).Linear(prototypes, nil)
}

// Register implements [nn.Module].
func (h *dinoHead) Register(r *nn.Registry) {
	r.Module("mlp", h.mlp)
	r.Param("last_layer.weight_g", &h.G)
	r.Param("last_layer.weight_v", &h.V)
}
