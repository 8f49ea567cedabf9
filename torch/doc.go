// Package torch binds libtorch: tensors, automatic differentiation, devices,
// random numbers and files.
package torch

//go:generate go run ../internal/opgen -torch .
