// Package optim updates parameters from their gradients and schedules the
// learning rate.
//
// An [Optimizer] steps its whole parameter list in one call into libtorch. A
// training step is
//
//	loss.Backward()
//	opt.Step(schedule.At(step))
//	opt.ZeroGrad()
//
// # Learning rates
//
// The learning rate is an argument of each step and comes from a schedule,
// such as [WarmupCosine], which is a function of the step alone and so needs no
// state.
//
// # State
//
// An optimizer reports all that its next step depends on by name and position,
// with [Optimizer.State] and [Optimizer.Steps]. A checkpoint that holds these and the
// parameters resumes bit for bit.
package optim
