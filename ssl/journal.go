package ssl

import (
	"fmt"
	"math"
	"slices"

	"sslmem/torch"
)

// journalRows is how many steps are measured before the host reads what was.
const journalRows = 50

// A journal holds what the steps have measured. It stays on the device, so that no
// step waits for one before it, until the host reads all of it at once: when it is
// full, or when somebody asks.
type journal struct {
	device torch.Device
	clips  bool          // there is a column for the norm of the gradients
	names  []string      // of the columns: the loss, that norm, the parts
	rows   *torch.Tensor // [journalRows, columns] float32, nil before the first step
	filled int           // rows
	open   bool          // something was recorded of the step at hand

	// What was read, on the host.
	steps  int       // since the sums were taken
	sums   []float64 // of each column since they were taken
	recent []float64 // losses of the last steps, at most journalRows
	last   int       // the step that the last of them belongs to, counted from 1
	bad    *badStep  // the first that was not finite
	spread observed  // of the last step of an epoch
}

// badStep is a step, counted from 1, that was not finite, and its loss.
type badStep struct {
	step   int
	loss   float64
	before []float64 // losses of the steps before, at most journalRows
}

// observed is the spread of the output of a step; the tensor is nil if there was none.
type observed struct {
	value *torch.Tensor
	width int
}

// The first columns.
const (
	lossColumn = "loss"
	normColumn = "grad_norm"
)

// record adds what one of several parts of a batch has measured to the row of its
// step.
func (j *journal) record(s *torch.Scope, loss *torch.Tensor, parts []Part, share float64) {
	names := []string{lossColumn}
	values := []*torch.Tensor{loss.Detach()}
	if j.clips {
		names = append(names, normColumn)
		values = append(values, s.Zeros([]int{}, torch.Float32, j.device))
	}
	for _, p := range parts {
		names = append(names, p.Name)
		values = append(values, p.Value.Detach())
	}
	if j.rows == nil {
		j.names = names
		j.sums = make([]float64, len(names))
		j.rows = torch.Root.Zeros([]int{journalRows, len(names)}, torch.Float32, j.device)
	}
	if !slices.Equal(j.names, names) {
		panic(fmt.Errorf("ssl: a step reports %v, but the steps before it %v; Result.Parts must be alike in all steps", names, j.names))
	}
	for i, v := range values {
		values[i] = v.ToDType(torch.Float32)
	}
	j.open = true
	row := torch.Stack(values, 0)
	j.row(s).AddInPlace(row, share)
}

// row is that of the step at hand, as a view.
func (j *journal) row(s *torch.Scope) *torch.Tensor {
	return s.Use(j.rows).Select(0, j.filled)
}

// norm writes the norm of the gradients of the step at hand.
func (j *journal) norm(s *torch.Scope, norm *torch.Tensor) {
	j.row(s).Select(0, 1).CopyFrom(norm)
}

// watch measures the spread of the rows of output, [N, D].
func (j *journal) watch(output *torch.Tensor) {
	j.forget()
	if output == nil || output.Dim() != 2 || output.Size(0) < 2 {
		return
	}
	torch.NoGrad(func() {
		j.spread = observed{spread(output.Detach()).Keep(), output.Size(1)}
	})
}

// forget gives up the spread.
func (j *journal) forget() {
	if j.spread.value != nil {
		j.spread.value.Free()
	}
	j.spread = observed{}
}

// spread returns the mean over dimensions of the standard deviation (with N − 1) of
// rows x [N, D] brought to length one (Chen and He 2020, arXiv 2011.10566, section
// 4.1): 0 if all rows have one direction, near 1/√D if they are spread evenly.
func spread(x *torch.Tensor) *torch.Tensor {
	return normalize(x).Std([]int{0}, 1, false).Mean()
}

// close ends the row of a step, counted from 1, and reads all rows if no other fits. A
// step of which nothing was recorded, as its batch was empty, has no row.
func (j *journal) close(step int) {
	if !j.open {
		j.read() // rows are of steps that follow each other
		j.last = step
		return
	}
	j.open = false
	j.filled++
	j.last = step
	if j.filled == journalRows {
		j.read()
	}
}

// read brings what was measured to the host. It waits for the device.
func (j *journal) read() {
	if j.filled == 0 {
		return
	}
	values := torch.ToSlice[float32](j.rows)
	j.rows.Zero()
	first := j.last - j.filled + 1
	for i := range j.filled {
		row := values[i*len(j.names):][:len(j.names)]
		loss := float64(row[0])
		if !isFinite(loss) && j.bad == nil {
			j.bad = &badStep{step: first + i, loss: loss, before: slices.Clone(j.recent)}
		}
		j.recent = append(j.recent, loss)
		for c, v := range row {
			j.sums[c] += float64(v)
		}
	}
	j.recent = slices.Clone(j.recent[max(0, len(j.recent)-journalRows):])
	j.steps += j.filled
	j.filled = 0
}

// take returns the mean of each column since the last call, and forgets them.
func (j *journal) take() []Mean {
	j.read()
	means := make([]Mean, len(j.names))
	for i, name := range j.names {
		means[i] = Mean{name, j.sums[i] / float64(j.steps)}
	}
	clear(j.sums)
	j.steps = 0
	return means
}

// free gives up all tensors.
func (j *journal) free() {
	j.forget()
	if j.rows != nil {
		j.rows.Free()
	}
}

// journalState is what a checkpoint says of a journal that was read: floats as
// their bits, as JSON knows no NaN.
type journalState struct {
	Names []string `json:"names"`
	Steps int      `json:"steps"`
	Sums  []uint64 `json:"sums"`
}

func (j *journal) state() journalState {
	st := journalState{Names: j.names, Steps: j.steps}
	for _, sum := range j.sums {
		st.Sums = append(st.Sums, math.Float64bits(sum))
	}
	return st
}

// restore takes up the sums of a checkpoint after the given step.
func (j *journal) restore(st journalState, step int) {
	j.last = step
	if len(st.Names) == 0 || len(st.Sums) != len(st.Names) {
		return
	}
	j.free()
	j.names, j.steps = st.Names, st.Steps
	j.sums = make([]float64, len(st.Sums))
	for i, bits := range st.Sums {
		j.sums[i] = math.Float64frombits(bits)
	}
	j.rows = torch.Root.Zeros([]int{journalRows, len(j.names)}, torch.Float32, j.device)
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
