package ssl

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"sslmem/data"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// Replayed is what a replay has seen of a step that was not finite.
type Replayed struct {
	Step   int     // counted from 1
	Images []int   // of its batch, as positions in the data set
	Loss   float64 // of the step, now
	// Losses are those of the steps before it that were replayed, and Exact says
	// that they, as far as the dump knows them, are the same to the last bit.
	Losses []float64
	Exact  bool
	// Weights names the tensors of the networks that were not finite before the step,
	// and Gradients the parameters whose gradients were not finite in it. If there
	// are such weights, the gradients of the step before are at fault.
	Weights, Gradients []string
}

// Replay takes a step again that ended a training with [Diverged]. Path is its dump,
// which holds the last checkpoint before the step, and images the data set that
// was trained on. The steps from that checkpoint on are taken again, and the step in
// question up to its gradients, with a look at every tensor.
//
// On a CPU with the same number of threads that is the training to the last bit,
// and so it is on a GPU for a training with Loop.Deterministic; elsewhere rounding
// may differ, which Exact tells. The goroutine is locked to its thread meanwhile.
func Replay(ctx context.Context, path string, images data.Images) (Replayed, error) {
	l, d, err := loadDump(path)
	if err != nil {
		return Replayed{}, err
	}
	l.Data = images
	if err := l.Check(); err != nil {
		return Replayed{}, err
	}
	defer torch.LockThread()()
	defer l.deterministic()()
	st, err := l.start()
	if err != nil {
		return Replayed{}, err
	}
	defer st.Free()
	if _, err := l.load(st, path); err != nil {
		return Replayed{}, err
	}
	r := Replayed{Step: d.Step, Images: d.Images}
	if err := l.replay(ctx, st, &r); err != nil {
		return r, err
	}
	known := d.Losses[max(0, len(d.Losses)-len(r.Losses)):]
	r.Exact = slices.Equal(r.Losses[len(r.Losses)-len(known):], known)
	return r, nil
}

// replay takes the steps of st before the step of r, and that one up to its gradients.
func (l *Loop) replay(ctx context.Context, st *state, r *Replayed) error {
	p := l.plan(l.Index)
	loader := startLoader(l.Data, p, st.recipe, st.step, r.Step)
	defer loader.Stop()
	st.TakeLoss() // of the steps before the checkpoint
	for {
		if ctx.Err() != nil {
			return fmt.Errorf("%w at step %d of the replay: %w", ErrStopped, st.step+1, context.Cause(ctx))
		}
		batch, err := loader.Next()
		if err != nil {
			return fmt.Errorf("step %d: %w", st.step+1, err)
		}
		h := l.hostBatch(batch)
		last := st.step == r.Step-1
		var loss float64
		err = torch.Try(func() {
			if !last {
				st.Step(h)
				loss = st.TakeLoss()
				return
			}
			r.Weights = notFinite(nn.State(st.Trainer))
			parts := st.parts(h)
			st.gradients(parts, func(s *torch.Scope, part int) Batch { return st.batch(s, h, part, parts) })
			st.journal.close(r.Step)
			loss = st.TakeLoss()
			r.Gradients = notFinite(gradients(st.Trainer))
			st.opt.ZeroGrad()
		})
		if err != nil {
			return fmt.Errorf("step %d: %w", st.step+1, err)
		}
		loader.Recycle(batch)
		if last {
			r.Loss = loss
			return nil
		}
		r.Losses = append(r.Losses, loss)
	}
}

// gradients yields the gradients of a module's parameters, which are free again
// after the loop's body.
func gradients(m nn.Module) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, p := range nn.Parameters(m) {
			g := p.Grad()
			if g == nil {
				continue
			}
			more := yield(name, g)
			g.Free()
			if !more {
				return
			}
		}
	}
}

// notFinite lists the tensors with an element that is infinite or NaN.
func notFinite(tensors iter.Seq2[string, *torch.Tensor]) []string {
	var names []string
	torch.NoGrad(func() {
		for name, x := range tensors {
			s := torch.NewScope()
			if s.Use(x).IsFinite().All().Item() == 0 {
				names = append(names, name)
			}
			s.Close()
		}
	})
	return names
}

// loadDump returns the training that a dump is of, without its data set.
func loadDump(path string) (*Loop, dumped, error) {
	s := torch.NewScope()
	defer s.Close()
	tensors, metadata, err := torch.LoadSafetensors(s, path)
	if err != nil {
		return nil, dumped{}, err
	}
	index, ok := tensors[dumpIndex]
	if metadata[dumpKey] == "" || !ok {
		return nil, dumped{}, fmt.Errorf("%s is no dump of a training that diverged", path)
	}
	var d dumped
	at, err := parsePosition(metadata[checkpointKey])
	if err != nil {
		return nil, d, fmt.Errorf("%s does not say what training it is of: %w", path, err)
	}
	if err := json.Unmarshal([]byte(metadata[dumpKey]), &d); err != nil {
		return nil, d, fmt.Errorf("%s does not say which step to replay: %w", path, err)
	}
	if d.Step <= at.Step {
		return nil, d, fmt.Errorf("%s: its checkpoint, after step %d, does not precede step %d", path, at.Step, d.Step)
	}
	l := &Loop{Recipe: at.Recipe, Seed: at.Seed, Seeds: at.Seeds, Deterministic: d.Deterministic}
	if l.Device, err = torch.ParseDevice(d.Device); err != nil {
		return nil, d, fmt.Errorf("%s: %w", path, err)
	}
	for _, i := range torch.ToSlice[int64](index) {
		l.Index = append(l.Index, int(i))
	}
	return l, d, nil
}

// sorted yields tensors in the order of their names.
func sorted(tensors map[string]*torch.Tensor) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, name := range slices.Sorted(maps.Keys(tensors)) {
			if !yield(name, tensors[name]) {
				return
			}
		}
	}
}
