// Package optim updates parameters from their gradients and schedules the
// learning rate.
//
// Every optimizer steps its whole parameter list in one call into libtorch,
// and reports its state by name and position, so that a checkpoint holds all
// that the next step depends on. Learning rates are set before each step from
// a schedule, which is a function of the step alone and so needs no state.
package optim
