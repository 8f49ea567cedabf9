package ssl

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslmem/torch"
)

// keep is how many checkpoints stay in a folder: the newest, and the one
// before it in case the newest was torn by a crash of the machine.
const keep = 2

// checkpointKey is the entry of a checkpoint's metadata that holds its position.
const checkpointKey = "sslmem"

// position is what a checkpoint says about itself, in its metadata.
type position struct {
	Recipe    Recipe `json:"recipe"`
	Seed      uint64 `json:"seed"`
	Seeds     Seeds  `json:"seeds,omitzero"`
	Images    string `json:"images"` // fingerprint of the training images and the fitted views
	Step      int    `json:"step"`
	Optimizer int64  `json:"optimizer_steps"`
	// Journal is what was measured since the last epoch's end.
	Journal journalState `json:"journal"`
	Alarm   alarm        `json:"alarm"`
	// Privacy is what the steps have spent, for whoever finds the file; the next steps
	// do not depend on it.
	Privacy *spent `json:"privacy,omitempty"`
}

// parsePosition reads a position. Options that are whole numbers are integers again.
func parsePosition(text string) (at position, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&at); err != nil {
		return at, err
	}
	for key, value := range at.Recipe.Options {
		at.Recipe.Options[key] = number(value)
	}
	return at, nil
}

// number turns the numbers of JSON, also those in lists, into those of a recipe.
func number(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if x, err := v.Float64(); err == nil {
			return x
		}
	case []any:
		for i, x := range v {
			v[i] = number(x)
		}
	}
	return value
}

func (l *Loop) position(st *state) (position, error) {
	if st.images == "" {
		var err error
		if st.images, err = l.fingerprint(st.recipe); err != nil {
			return position{}, err
		}
	}
	at := position{Recipe: l.Recipe, Seed: l.Seed, Seeds: l.Seeds, Images: st.images, Step: st.step, Optimizer: st.opt.Steps(), Journal: st.journal.state(), Alarm: st.alarm}
	if st.private != nil {
		at.Privacy = st.private.guarantee.spent(st.step)
	}
	return at, nil
}

// fingerprint is a hash of the training images' positions and of their pixels,
// or of the names of their files if they are decoded as they are needed, and of
// what the views take from the whole data set.
func (l *Loop) fingerprint(fitted Recipe) (string, error) {
	hash := fnv.New64a()
	c, h, w := l.Data.Shape()
	fmt.Fprintf(hash, "%d×%d×%d", c, h, w)
	for _, v := range fitted.Views() {
		fmt.Fprintf(hash, " %d %v %v", v.Size, v.Mean, v.Std)
	}
	for _, i := range l.Index {
		if l.needsLabels() {
			fmt.Fprintf(hash, "%d,", l.Data.Label(i))
		}
		fmt.Fprintf(hash, "%d:", i)
		if err := l.Data.Identify(hash, i); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d-%016x", len(l.Index), hash.Sum64()), nil
}

// save writes a checkpoint atomically and then drops all but the newest ones.
// Those of later steps, which could not be read when the training was resumed,
// go too: they would count as the newest.
func (l *Loop) save(st *state) error {
	if err := os.MkdirAll(l.Checkpoints, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder for checkpoints: %w", err)
	}
	at, err := l.position(st)
	if err != nil {
		return err
	}
	text, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("cannot describe the checkpoint: %w", err)
	}
	if err := torch.SaveSafetensors(l.checkpointPath(st.step), st.State(), map[string]string{checkpointKey: string(text)}); err != nil {
		return fmt.Errorf("cannot write a checkpoint: %w", err)
	}
	st.saved = st.step
	steps, err := checkpointSteps(l.Checkpoints)
	if err != nil {
		return err
	}
	newest := slices.Index(steps, st.step)
	for i, step := range steps {
		if i <= newest && i > newest-keep {
			continue
		}
		if err := os.Remove(l.checkpointPath(step)); err != nil {
			return fmt.Errorf("cannot remove an old checkpoint: %w", err)
		}
	}
	return nil
}

func (l *Loop) checkpointPath(step int) string {
	return filepath.Join(l.Checkpoints, checkpointName(step))
}

func checkpointName(step int) string { return fmt.Sprintf("step-%08d.safetensors", step) }

// checkpointSteps lists the steps of a folder's checkpoints, in order.
func checkpointSteps(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the checkpoints: %w", err)
	}
	var steps []int
	for _, e := range entries {
		digits := strings.TrimSuffix(strings.TrimPrefix(e.Name(), "step-"), ".safetensors")
		if step, err := strconv.Atoi(digits); err == nil && step >= 0 && e.Name() == checkpointName(step) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// resume loads the newest checkpoint that can be read. One that cannot is
// reported and the one before it taken; one of another training is an error,
// and so is any one if the training is to start anew.
func (l *Loop) resume(st *state) error {
	steps, err := checkpointSteps(l.Checkpoints)
	if err != nil {
		return err
	}
	if len(steps) > 0 && !l.Resume {
		return fmt.Errorf("%s has checkpoints of an earlier training; resume it, or remove the folder to start over", l.Checkpoints)
	}
	for _, step := range slices.Backward(steps) {
		path := l.checkpointPath(step)
		torn, err := l.load(st, path)
		if err == nil {
			return nil
		}
		if !torn {
			return err
		}
		l.warn(fmt.Sprintf("checkpoint %s cannot be read and is passed over: %v", path, err))
	}
	if len(steps) > 0 {
		return fmt.Errorf("none of the checkpoints in %s can be read; remove the folder to start over", l.Checkpoints)
	}
	return nil
}

// load puts a checkpoint into st. Torn says that the file itself is damaged,
// so that an older one may do.
func (l *Loop) load(st *state, path string) (torn bool, err error) {
	s := torch.NewScope()
	defer s.Close()
	saved, metadata, err := torch.LoadSafetensors(s, path)
	if err != nil {
		return true, err
	}
	at, err := parsePosition(metadata[checkpointKey])
	if err != nil {
		return true, fmt.Errorf("%s does not say what it is a checkpoint of: %w", path, err)
	}
	want, err := l.position(st)
	if err != nil {
		return false, err
	}
	if field := difference(at, want); field != "" {
		return false, fmt.Errorf("%s is of another training (%s differs); resume with the settings it was started with, or train into another folder", path, field)
	}
	if at.Step == 0 { // a dump of a training that had no checkpoint yet
		return false, nil
	}
	for name, t := range st.State() {
		src, ok := saved[name]
		if !ok {
			return false, fmt.Errorf("%s has no tensor %s", path, name)
		}
		if !slices.Equal(src.Shape(), t.Shape()) || src.DType() != t.DType() {
			return false, fmt.Errorf("%s: %s is %v %v, but the model needs %v %v", path, name, src.DType(), src.Shape(), t.DType(), t.Shape())
		}
	}
	err = torch.Try(func() {
		torch.NoGrad(func() {
			for name, t := range st.State() {
				t.CopyFrom(saved[name])
			}
		})
	})
	if err != nil {
		return false, err
	}
	st.step, st.saved = at.Step, at.Step
	st.journal.restore(at.Journal, at.Step)
	st.alarm = at.Alarm
	st.opt.SetSteps(at.Optimizer)
	return false, nil
}

// difference names the first part in which two positions differ.
func difference(a, b position) string {
	ra, _ := json.Marshal(a.Recipe)
	rb, _ := json.Marshal(b.Recipe)
	switch {
	case string(ra) != string(rb):
		return "the recipe"
	case a.Seed != b.Seed || a.Seeds != b.Seeds:
		return "the seed"
	case a.Images != b.Images:
		return "the set of training images"
	}
	return ""
}
