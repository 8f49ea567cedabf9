// Package nn holds the layers that networks are built from: plain structs whose
// fields are tensors.
//
// # Modules
//
// A layer implements [Module] by naming its tensors and children to a
// [Registry] in the order and with the names that PyTorch gives them, so that
// a state_dict walks both ways. A network is any struct that does the same
// with its layers:
//
//	type Net struct {
//		Conv *nn.Conv2d
//		Head *nn.Linear
//	}
//
//	func (n *Net) Register(r *nn.Registry) {
//		r.Module("conv", n.Conv)
//		r.Module("head", n.Head)
//	}
//
// There is no base class, and no forward hook: what Forward does is what its
// code says. A [Layer] has a Forward from one tensor to one; [Sequential] chains
// layers, [ModuleList] names those that a network applies in its own way, and
// [Func] makes one of a function.
//
// Everything else is a function over a module: [Parameters], [Tensors] and
// [NumParameters] look at what is trained, [State] and [LoadState] at all that
// is saved, [SetTraining] switches batch norm and dropout, [Evaluating] does so
// for a moment, [RequireGrad] freezes, [To] and [ToDType] move, [Summary] shows
// and [Free] frees.
//
// # Layers
//
// Options have PyTorch's names and meaning. Where they are fields of the layer,
// the constructor sets PyTorch's defaults and a program changes the fields;
// where they are a struct, its zero value has the defaults that it documents.
// Biases of convolutions and linear layers are asked for, not left out.
//
//	torch.nn                        here
//	Linear                          [Linear]
//	Conv1d, Conv2d, Conv3d          [Conv1d], [Conv2d], [Conv3d]
//	ConvTranspose2d                 [ConvTranspose2d]
//	BatchNorm1d, 2d, 3d             [BatchNorm]
//	InstanceNorm1d, 2d, 3d          [InstanceNorm]
//	LayerNorm, RMSNorm, GroupNorm   [LayerNorm], [RMSNorm], [GroupNorm]
//	Embedding                       [Embedding]
//	MultiheadAttention              [MultiheadAttention], and timm's [Attention]
//	TransformerEncoderLayer         [TransformerEncoderLayer]
//	Dropout, Dropout2d              [Dropout], [Dropout2d], and timm's [DropPath]
//	ReLU, LeakyReLU, ELU, GELU …    [ReLU], [LeakyReLU], [ELU], [GELU], [SiLU]
//	Sigmoid, Tanh                   [Sigmoid], [Tanh]
//	Softmax, LogSoftmax             [Softmax], [LogSoftmax]
//	MaxPool1d, 2d; AvgPool1d, 2d    [MaxPool1d], [MaxPool2d], [AvgPool1d], [AvgPool2d]
//	AdaptiveAvgPool1d, 2d           [AdaptiveAvgPool1d], [AdaptiveAvgPool2d]
//	AdaptiveMaxPool1d, 2d           [AdaptiveMaxPool1d], [AdaptiveMaxPool2d]
//	Upsample, PixelShuffle          [Upsample], [PixelShuffle]
//	Flatten, Unflatten, Identity    [Flatten], [Unflatten], [Identity]
//	Sequential, ModuleList          [Sequential], [ModuleList]
//	(timm) PatchEmbed               [PatchEmbed]
//
// Losses are methods of tensors, such as [torch.Tensor.CrossEntropy].
//
// # Weights
//
// Weights are drawn on the CPU from a generator that the caller seeds, with
// PyTorch's default distributions and, for an equal seed, its numbers, so that
// an encoder starts the same on every device. They are root tensors: they
// outlive the scopes of the steps, and [Free] gives them up at once. [To] moves
// them to a GPU afterwards.
//
// [KaimingUniform], [XavierNormal], [TruncNormal], [Orthogonal] and the others
// draw a weight anew, as torch.nn.init does.
//
// # State
//
// [State] yields what PyTorch's state_dict holds, in its order, and
// [torch.SaveSafetensors] takes that. [LoadState] wants every name and shape to
// fit; [LoadMatching] takes what is there and tells what is not; [StripPrefix]
// removes the "module." of DataParallel. [CopyState] starts a teacher from its
// student, and [CloneState] keeps the weights of the best epoch.
//
// # Randomness in training
//
// Dropout draws from the generator that it was given, and from nothing else: a
// checkpoint of that generator's state, and nothing but the order of the calls,
// decides what is dropped. In evaluation nothing is drawn.
//
// # Computing
//
// Forward's result belongs to the scope of its argument, as every result does
// where the other operands are root tensors. A layer that has nothing to do,
// such as dropout in evaluation, returns its argument itself. Misuse, such as a
// shape that does not fit, panics with *[torch.Error]; [torch.Try] turns that
// into an error. Layers hold no scratch memory, so evaluation may run on several
// goroutines; training moves the statistics of batch norm and the generators of
// dropout, and may not.
package nn
