// Package nn holds the layers that the encoders are built from: plain structs
// whose fields are tensors.
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
// Everything else is a function over a module: [Parameters], [Tensors] and
// [NumParameters] look at what is trained, [State] and [LoadState] at all that
// is saved, [SetTraining] switches batch norm, [To] moves and [Free] frees.
//
// # Weights
//
// Weights are drawn on the CPU from a generator that the caller seeds, with
// PyTorch's default distributions and, for an equal seed, its numbers, so that
// an encoder starts the same on every device. They are root tensors: they
// outlive the scopes of the steps, and [Free] gives them up at once.
//
// # Computing
//
// Forward's result belongs to the scope of its argument, as every result does
// where the other operands are root tensors. Misuse, such as a shape that does
// not fit, panics with *[torch.Error]; [torch.Try] turns that into an error.
// Layers hold no scratch memory, so evaluation may run on several goroutines;
// training moves the statistics of batch norm and may not.
package nn
