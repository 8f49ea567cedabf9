// Package optim updates parameters from their gradients: optimizers, schedules
// of the learning rate, and moving averages.
//
// # A training step
//
// An [Optimizer] is made for a list of parameters and steps over all of them in
// one call into libtorch:
//
//	opt := optim.NewAdam(nn.Tensors(net), optim.AdamOptions{})
//	…
//	loss.Backward()
//	opt.Step(schedule.At(step))
//	opt.ZeroGrad()
//
// Parameters without a gradient stay as they are. [torch.ClipGradNorm],
// [torch.ClipGradNormEach] and [torch.ClipGradValue] belong between Backward and Step, and so does Unscale of
// package amp, which trains in float16.
//
// # Which optimizer
//
//   - [SGD] is gradient descent with momentum, dampening and Nesterov's variant.
//   - [Adam] divides by a running root mean square of each gradient; with
//     Decoupled it is AdamW.
//   - [LARS] scales the update of each parameter to its own norm, for networks
//     trained in batches of thousands of images. It is in use in three forms
//     that differ when the learning rate changes: [LARSYou2017],
//     [LARSBYOL2020] and [LARSClip].
//   - [LAMB] does the same to the updates of AdamW.
//
// SGD, Adam and AdamW give the numbers of torch.optim, and all give the same on
// the CPU and on GPUs but for rounding. Parameters may be float32 or float64, on
// any device and in any memory format. The formulas are in the documentation of
// each type, with their sources.
//
// # Groups
//
// Parameters that are treated differently go into a [Group] each, with its own
// weight decay and factor of the learning rate. [DecayGroups] makes the two that
// nearly every recipe for AdamW, LARS or LAMB asks for: biases and the
// parameters of norms are not decayed, and not adapted either.
//
//	opt := optim.NewLARSGroups(optim.DecayGroups(net, 1e-6), optim.LARSOptions{Momentum: .9})
//
// [Optimizer.Groups] are live: set the WeightDecay of one before each Step to let
// it follow a schedule, as DINO does, or Frozen while a layer is to stay as it
// is. A group with an LR of its own ignores the schedule, as the predictor of
// SimSiam. LoadStateDict and State know nothing of this; set the groups of a
// resumed run from the step as those of the first.
//
// # Learning rates
//
// The learning rate is an argument of each step and comes from a [Schedule],
// which is a function of the step alone and so needs no state. [WarmupCosine] is
// the usual one of self-supervised training; the others have the names of
// torch.optim.lr_scheduler and give its numbers: [StepLR], [MultiStepLR],
// [ExponentialLR], [ConstantLR], [LinearLR], [PolynomialLR],
// [CosineAnnealingLR], [CosineAnnealingWarmRestarts] and [OneCycleLR]. A step
// here is whatever the caller counts: PyTorch's recipes often count epochs.
//
// # Averages
//
// An [EMA] keeps one network at the moving average of another: for better
// weights at the end, or as the target of BYOL, whose decay is [EMACosine], and
// of MoCo. It needs no optimizer.
//
// # State
//
// An optimizer keeps root tensors for each parameter, which [Optimizer.Free]
// gives up. Two views on them serve checkpoints, and both resume bit for bit:
//
//   - [Optimizer.State] yields every tensor under a fixed name, such as
//     exp_avg.0, for a file of named tensors. Copy into them to restore. Make
//     the optimizer as before, since options are not among them.
//   - [Optimizer.StateDict] has the layout of PyTorch's state_dict, to exchange
//     with PyTorch. It holds the optimizer's own tensors.
//
// Such a dict has the entries "state", a map[int64]any from the number of a
// parameter to its map[string]any of tensors, and "param_groups", a []any of
// one map[string]any for each group, with the numbers of its parameters as int64
// under "params" and its options under their names in PyTorch. Values are
// *torch.Tensor, float64, int64, bool, []any or nil, which stands for None. A
// parameter that was never updated has no state. [Optimizer.LoadStateDict] takes
// the tensors and counts of such a dict and leaves the options as they are; a
// count may be a tensor or a number. It refuses amsgrad and maximize. PyTorch's
// SGD does not count, so [Optimizer.Steps] stays as it was then.
//
// [ToPT] and [FromPT] carry such a dict to and from .pt files:
//
//	err := torch.SavePT("adam.pt", optim.ToPT(opt.StateDict()))
package optim
