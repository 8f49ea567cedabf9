// Package amp trains with mixed precision: it scales losses so that gradients
// fit into float16.
//
// # Which precision
//
// [torch.Autocast] lets operations that gain by it compute in bfloat16 or
// float16 while the parameters stay float32. Bfloat16 has the range of float32
// and needs nothing else. Float16 has more digits but ends at 65504 above and
// at about 6e-8 below, where many gradients of a training lie: they become
// zero. A [GradScaler] multiplies the loss, and so all gradients, by a factor
// as large as they allow. It finds that factor by itself: it doubles it every
// 2000 steps, and halves it whenever a gradient overflows, leaving out that
// step.
//
// # A training step
//
//	s := torch.NewScope()
//	var loss *torch.Tensor
//	torch.Autocast(torch.CUDAType, torch.Float16, func() {
//		loss = net.Forward(x).CrossEntropy(y)
//	})
//	scaler.Scale(loss).Backward()
//	scaler.Step(opt, schedule.At(step))
//	scaler.Update()
//	opt.ZeroGrad()
//	s.Close()
//
// To clip gradients, call [GradScaler.Unscale] before [torch.ClipGradNorm]; Step
// then does not divide again. Several optimizers may share one scaler: Step each
// and Update once. A schedule should count the steps that were taken, which Step
// reports, or accept that a few are left out.
//
// # Resuming
//
// A checkpoint that holds [GradScaler.StateDict], whose entries are plain
// numbers, goes on with the same scales. PyTorch reads and writes the same
// entries.
package amp
