// Package nn holds the layers that the encoders are built from: plain structs
// whose fields are tensors.
//
// A layer implements [Module] by naming its tensors and children to a
// [Registry] in the order and with the names that PyTorch gives them, so that
// a state_dict walks both ways. Everything else is a function over a module:
// [Parameters], [State], [LoadState], [SetTraining], [To].
//
// Weights are drawn on the CPU from a generator that the caller seeds, with
// PyTorch's default distributions, so that an encoder starts the same on every
// device.
package nn
