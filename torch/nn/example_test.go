package nn_test

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// A network's names are PyTorch's, and Free gives up all its tensors.
func Example() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.Sequential{
		nn.NewConv2d(3, 8, 3, nn.ConvOptions{Padding: 1}, g),
		nn.NewBatchNorm(8),
		nn.ReLU{},
	}
	defer nn.Free(net)

	for name, t := range nn.State(net) {
		fmt.Println(name, t.Shape())
	}
	fmt.Println("trained:", nn.NumParameters(net))

	s := torch.NewScope()
	defer s.Close()
	images := g.Randn(s, []int{16, 3, 32, 32}, torch.Float32)
	fmt.Println(net.Forward(images).Shape())
	// Output:
	// 0.weight [8 3 3 3]
	// 1.weight [8]
	// 1.bias [8]
	// 1.running_mean [8]
	// 1.running_var [8]
	// 1.num_batches_tracked []
	// trained: 232
	// [16 8 32 32]
}

// A network that sees digits, and what it holds.
func ExampleSummary() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.Sequential{
		nn.NewConv2d(1, 8, 3, nn.ConvOptions{Padding: 1}, g),
		nn.NewBatchNorm(8),
		nn.ReLU{InPlace: true},
		nn.MaxPool2d{Kernel: 2},
		nn.NewConv2d(8, 16, 3, nn.ConvOptions{Padding: 1, Bias: true}, g),
		nn.GELU{},
		nn.AdaptiveAvgPool2d{Output: 1},
		nn.Flatten{},
		nn.NewDropout(.5, g),
		nn.NewLinear(16, 10, true, g),
	}
	defer nn.Free(net)
	nn.RequireGrad(net[4], false)
	fmt.Print(nn.Summary(net))

	s := torch.NewScope()
	defer s.Close()
	images := g.Randn(s, []int{4, 1, 28, 28}, torch.Float32)
	fmt.Println(images.Shape(), "to", net.Forward(images).Shape())
	// Output:
	// name                   layer      shape       elements
	// 0.weight               Conv2d     [8 1 3 3]   72
	// 1.weight               BatchNorm  [8]         8
	// 1.bias                 BatchNorm  [8]         8
	// 1.running_mean         BatchNorm  [8]         8         buffer
	// 1.running_var          BatchNorm  [8]         8         buffer
	// 1.num_batches_tracked  BatchNorm  []          1         buffer
	// 4.weight               Conv2d     [16 8 3 3]  1152      frozen
	// 4.bias                 Conv2d     [16]        16        frozen
	// 9.weight               Linear     [10 16]     160
	// 9.bias                 Linear     [10]        10
	// 258 elements are trained, 1168 frozen, 17 in buffers
	// [4 1 28 28] to [4 10]
}

// Block is a block of a vision transformer, with timm's names.
type Block struct {
	Norm1, Norm2 *nn.LayerNorm
	Attn         *nn.Attention
	FC1, FC2     *nn.Linear
	DropPath     *nn.DropPath
}

func NewBlock(dim, heads int, dropPath float64, g *torch.Generator) *Block {
	return &Block{
		Norm1:    nn.NewLayerNorm(dim),
		Attn:     nn.NewAttention(dim, heads, nn.AttentionOptions{Bias: true}, g),
		Norm2:    nn.NewLayerNorm(dim),
		FC1:      nn.NewLinear(dim, 4*dim, true, g),
		FC2:      nn.NewLinear(4*dim, dim, true, g),
		DropPath: nn.NewDropPath(dropPath, g),
	}
}

func (b *Block) Forward(x *torch.Tensor) *torch.Tensor {
	x = x.Add(b.DropPath.Forward(b.Attn.Forward(b.Norm1.Forward(x))))
	mlp := nn.Sequential{b.Norm2, b.FC1, nn.GELU{}, b.FC2}
	return x.Add(b.DropPath.Forward(mlp.Forward(x)))
}

func (b *Block) Register(r *nn.Registry) {
	r.Module("norm1", b.Norm1)
	r.Module("attn", b.Attn)
	r.Module("norm2", b.Norm2)
	r.Module("mlp.fc1", b.FC1)
	r.Module("mlp.fc2", b.FC2)
	r.Module("drop_path", b.DropPath)
}

// A small vision transformer: patches, blocks, and the mean over the patches.
func Example_visionTransformer() {
	g := torch.NewGenerator(1, torch.CPU)
	embed := nn.NewPatchEmbed(3, 24, 8, g)
	blocks := nn.Sequential{NewBlock(24, 4, .1, g), NewBlock(24, 4, .1, g)}
	defer nn.Free(embed)
	defer nn.Free(blocks)
	for _, w := range nn.Parameters(blocks) {
		if w.Dim() == 2 {
			nn.TruncNormal(w, 0, .02, -2, 2, g)
		}
	}
	nn.SetTraining(blocks, false)

	s := torch.NewScope()
	defer s.Close()
	patches := embed.Forward(g.Randn(s, []int{2, 3, 32, 32}, torch.Float32))
	features := torch.Tidy(patches, blocks.Forward).MeanDim([]int{1}, false)
	fmt.Println(patches.Shape(), "to", features.Shape())
	for name, w := range nn.Parameters(blocks[0]) {
		fmt.Println(name, w.Shape())
	}
	// Output:
	// [2 16 24] to [2 24]
	// norm1.weight [24]
	// norm1.bias [24]
	// attn.qkv.weight [72 24]
	// attn.qkv.bias [72]
	// attn.proj.weight [24 24]
	// attn.proj.bias [24]
	// norm2.weight [24]
	// norm2.bias [24]
	// mlp.fc1.weight [96 24]
	// mlp.fc1.bias [96]
	// mlp.fc2.weight [24 96]
	// mlp.fc2.bias [24]
}

// A teacher starts as its student, is not trained, and follows it slowly.
func ExampleCopyState() {
	g := torch.NewGenerator(1, torch.CPU)
	student, teacher := nn.NewLinear(3, 2, true, g), nn.NewLinear(3, 2, true, g)
	defer nn.Free(student)
	defer nn.Free(teacher)
	if err := nn.CopyState(teacher, student); err != nil {
		fmt.Println(err)
		return
	}
	nn.RequireGrad(teacher, false)
	fmt.Println("equal:", teacher.Weight.Equal(student.Weight))

	nn.Constant(student.Bias, 1)
	nn.Constant(teacher.Bias, 0)
	teacher.Bias.LerpInPlace(student.Bias, .25)
	fmt.Println(torch.ToSlice[float32](teacher.Bias))
	// Output:
	// equal: true
	// [0.25 0.25]
}

// Part of a checkpoint is loaded, and what does not fit is told.
func ExampleLoadMatching() {
	g := torch.NewGenerator(1, torch.CPU)
	encoder := nn.NewLinear(4, 2, true, g)
	defer nn.Free(encoder)

	s := torch.NewScope()
	defer s.Close()
	checkpoint := map[string]*torch.Tensor{ // saved by DataParallel
		"module.encoder.weight": s.Ones([]int{2, 4}, torch.Float32, torch.CPU),
		"module.head.weight":    s.Ones([]int{10, 2}, torch.Float32, torch.CPU),
	}
	missing, unexpected, err := nn.LoadMatching(encoder, nn.StripPrefix(checkpoint, "module.encoder."))
	fmt.Println("missing:", missing, "unexpected:", unexpected, "error:", err)
	// Output:
	// missing: [bias] unexpected: [module.head.weight] error: <nil>
}

// Weights that do not fit are refused by name.
func ExampleLoadState() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.NewLinear(4, 2, true, g)
	defer nn.Free(net)

	s := torch.NewScope()
	defer s.Close()
	fmt.Println(nn.LoadState(net, map[string]*torch.Tensor{
		"weight": s.Zeros([]int{2, 5}, torch.Float32, torch.CPU),
	}))
	// Output:
	// the weights do not fit the model (of another shape: weight is [2 5] but the model needs [2 4]; missing: bias); build the model with the options that they were trained with
}
