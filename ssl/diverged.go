package ssl

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"sslmem/torch"
)

// Diverged is the error of a training whose loss or weights became infinite or NaN.
type Diverged struct {
	Step  int     // the first whose loss was not finite, or that left such weights, counted from 1
	Epoch int     // of that step, counted from 1
	Loss  float64 // of that step
	Cause string  // the likely cause and what to change
	Dump  string  // a file for [Replay], empty if none was written
}

// Error says what became of the loss, why that is likely and what to do.
func (d *Diverged) Error() string {
	what := fmt.Sprintf("the loss became %v in step %d (epoch %d)", d.Loss, d.Step, d.Epoch)
	if isFinite(d.Loss) {
		what = fmt.Sprintf("weights became infinite or NaN in step %d (epoch %d)", d.Step, d.Epoch)
	}
	text := what + ": " + d.Cause
	if d.Dump != "" {
		text += "; " + d.Dump + " replays it"
	}
	return text
}

// diverged returns the error for the step of st that was not finite, and writes its dump.
func (l *Loop) diverged(st *state) error {
	bad := *st.journal.bad
	d := &Diverged{Step: bad.step, Epoch: (bad.step-1)/l.StepsPerEpoch() + 1, Loss: bad.loss, Cause: l.cause(bad, st)}
	if l.Checkpoints == "" || l.ranks().World() > 1 {
		return d
	}
	path := filepath.Join(l.Checkpoints, fmt.Sprintf("dump-%08d.safetensors", bad.step))
	if err := l.dump(st, bad, path); err != nil {
		return fmt.Errorf("%w; its dump could not be written: %w", d, err)
	}
	d.Dump = path
	return d
}

// cause says what is the likely reason for a step that was not finite.
func (l *Loop) cause(bad badStep, st *state) string {
	o := l.Recipe.Optimizer
	lr := st.schedule.At(bad.step - 1)
	advice := fmt.Sprintf("lower optimizer.lr (it was %.3g in that step)", lr)
	if float64(bad.step) <= o.WarmupEpochs*float64(l.StepsPerEpoch()) || o.WarmupEpochs == 0 {
		advice += ", or warm up for longer (optimizer.warmup_epochs)"
	}
	if o.ClipGrad == 0 {
		advice += ", or bound the gradients (optimizer.clip_grad)"
	}
	n := len(bad.before)
	switch {
	case l.Recipe.Precision == FP16:
		return `numbers of float16 end at 65504; use precision "bf16", or ` + advice
	case bad.step == 1:
		return "the very first loss; look at the options of the method and at the views"
	case n > 0 && bad.before[n-1] > 1.5*slices.Min(bad.before):
		return fmt.Sprintf("it had risen from %.4g to %.4g, so the steps were too long; %s", slices.Min(bad.before), bad.before[n-1], advice)
	case n > 0:
		return fmt.Sprintf("it had been %.4g in the step before, so the gradients of one batch were too large; %s", bad.before[n-1], advice)
	}
	return advice
}

// dumped is what a dump says beside what a checkpoint says.
type dumped struct {
	Step          int       `json:"step"`   // the one that was not finite, counted from 1
	Images        []int     `json:"images"` // of its batch, as positions in the data set
	Loss          string    `json:"loss"`   // of that step, such as NaN
	Losses        []float64 `json:"losses"` // of the steps before it
	Device        string    `json:"device"`
	Deterministic bool      `json:"deterministic"`
}

// Names in a dump, beside those of a checkpoint.
const (
	dumpKey   = "sslmem.dump" // metadata
	dumpIndex = "dump.index"  // [N] int64: the images to train on
)

// dump writes what a replay needs: the newest checkpoint, or nothing but the seed if
// there is none yet, and which step it was.
func (l *Loop) dump(st *state, bad badStep, path string) error {
	s := torch.NewScope()
	defer s.Close()
	tensors := map[string]*torch.Tensor{}
	metadata := map[string]string{}
	if st.saved > 0 {
		var err error
		if tensors, metadata, err = torch.LoadSafetensors(s, l.checkpointPath(st.saved)); err != nil {
			return err
		}
	} else {
		at, err := l.position(st)
		if err != nil {
			return err
		}
		at.Step, at.Optimizer, at.Journal, at.Alarm = 0, 0, journalState{}, alarm{}
		text, err := json.Marshal(at)
		if err != nil {
			return err
		}
		metadata[checkpointKey] = string(text)
	}
	plan := l.plan(l.Index)
	images, _ := plan.step(bad.step - 1)
	text, err := json.Marshal(dumped{
		Step: bad.step, Images: images, Loss: fmt.Sprint(bad.loss), Losses: bad.before,
		Device: l.Device.String(), Deterministic: l.Deterministic,
	})
	if err != nil {
		return err
	}
	metadata[dumpKey] = string(text)
	index := make([]int64, len(l.Index))
	for i, image := range l.Index {
		index[i] = int64(image)
	}
	tensors[dumpIndex] = torch.FromSlice(s, index)
	return torch.SaveSafetensors(path, sorted(tensors), metadata)
}
