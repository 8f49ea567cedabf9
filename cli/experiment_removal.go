package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/mem"
)

// The removal experiment asks what memorized images are good for: encoders are trained
// again without the k that are memorized most, without k others drawn at random, and
// without the k memorized least (arXiv 2401.12233, section 4.4).
//
// The images are those of S_C and S_I, two halves, and S_S is empty: f is trained on one
// half and g on the other, so that every image is memorized by one of them as far as the
// other is worse aligned on it. m counts for the images of S_C, −m for those of S_I.
type removal struct {
	base    Settings
	removed []int // numbers of images
	extra   extraTasks
}

// The arms of a removal.
const (
	removeNone   = "none"
	removeMost   = "most"
	removeRandom = "random"
	removeLeast  = "least"
)

// halves gives the settings of the pairs that rank the images: the images of the
// base settings' S_S are divided between the halves.
func halves(s Settings) Settings {
	s.Pair = true
	n := s.Splits
	half := (n.Shared + n.Candidate + n.Independent) / 2
	s.Splits = data.SplitSizes{Candidate: half, Independent: half, External: n.External}
	return s
}

// parseRemoved reads the numbers of images to remove, or their part as 20%, out of n.
func parseRemoved(values []string, n int) ([]int, error) {
	var all []int
	for _, v := range values {
		text, percent := strings.CutSuffix(v, "%")
		x, err := strconv.ParseFloat(text, 64)
		if percent {
			x = math.Round(x / 100 * float64(n))
		}
		k := int(x)
		if err != nil || float64(k) != x || k < 1 || k >= n {
			return nil, fmt.Errorf("removal of %q: want a number of images from 1 to %d, or a part of them such as 20%%", v, n-1)
		}
		if slices.Contains(all, k) {
			return nil, fmt.Errorf("removal of %q: %d images stand there twice", v, k)
		}
		all = append(all, k)
	}
	return all, nil
}

// plan makes the cells: the ranking, and one for each arm, number and seed.
func (r removal) plan(e *experiment) error {
	ranking := halves(r.base)
	if err := ranking.Check(); err != nil {
		return err
	}
	for _, name := range r.extra.Transfer {
		if err := checkTransfer(r.base, name); err != nil {
			return usageError{err}
		}
	}
	if r.extra.Dense {
		if err := checkDense(r.base); err != nil {
			return usageError{err}
		}
	}
	e.cell("ranking", "pairs of halves", ranking, func(ctx context.Context) (any, error) {
		_, f, err := e.pairs(ctx, "ranking", ranking)
		f.M, f.PairM = nil, nil // scores.csv has them
		return f, err
	})
	arm := func(kind string, k int) {
		for seed := range r.base.Seeds {
			s := r.base
			s.Pair, s.Seeds, s.Seed = false, 1, r.base.Seed+uint64(seed)
			name, setting := fmt.Sprintf("%s-%d-seed%d", kind, k, seed), fmt.Sprintf("%s %d, seed %d", kind, k, seed)
			e.cell(name, setting, map[string]any{"settings": s, "ranking": ranking, "removed": k, "arm": kind, "extra": r.extra},
				func(ctx context.Context) (any, error) { return r.retrain(ctx, e, name, s, kind, k) })
		}
	}
	arm(removeNone, 0)
	for _, k := range r.removed {
		for _, kind := range []string{removeMost, removeRandom, removeLeast} {
			arm(kind, k)
		}
	}
	return nil
}

// ranked returns the images by how much they are memorized, most first.
func (e *experiment) ranked() ([]int, error) {
	r, err := openRun(e.runPath("ranking"), e.console)
	if err != nil {
		return nil, err
	}
	scores, err := r.loadScores()
	if err != nil {
		return nil, err
	}
	return memorizedFirst(scores), nil
}

// memorizedFirst orders the images of S_C and S_I by how much the encoder that saw them
// has memorized them. Of equal ones the lower index comes first.
func memorizedFirst(s *mem.Scores) []int {
	m := s.M(mem.Raw)
	sign := map[mem.Set]float64{mem.Candidate: 1, mem.Independent: -1}
	var at []int
	for i, set := range s.Set {
		if sign[set] != 0 {
			at = append(at, i)
		}
	}
	slices.SortFunc(at, func(a, b int) int {
		x, y := sign[s.Set[a]]*m[a], sign[s.Set[b]]*m[b]
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return s.Index[a] - s.Index[b]
	})
	for k, i := range at {
		at[k] = s.Index[i]
	}
	return at
}

// kept returns the images that an arm leaves, in ascending order. What is drawn at
// random depends on the seed only.
func kept(ranked []int, kind string, k int, seed uint64) []int {
	left := slices.Clone(ranked)
	switch kind {
	case removeMost:
		left = left[k:]
	case removeLeast:
		left = left[:len(left)-k]
	case removeRandom:
		slices.Sort(left)
		r := rng.New(seed, rng.Word("removal"))
		r.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		left = left[k:]
	}
	slices.Sort(left)
	return left
}

// retrain trains an encoder without some images and measures how good it is.
func (r removal) retrain(ctx context.Context, e *experiment, name string, s Settings, kind string, k int) (f found, err error) {
	ranked, err := e.ranked()
	if err != nil {
		return f, err
	}
	one, err := e.open(name, s)
	if err != nil {
		return f, err
	}
	one.splits.Shared, one.splits.External = kept(ranked, kind, k, s.Seed), nil
	if err := one.splits.Save(one.dir.Join(rundir.SplitsFile)); err != nil {
		return f, err
	}
	one.console.begin(one.trainingUnits())
	err = one.trainAll(ctx)
	one.console.end()
	if err != nil {
		return f, err
	}
	f.Measures, err = one.accuracy(ctx, roleOnly, r.extra)
	return f, err
}

// A removalRow compares the arms of one number of images and one measure.
type removalRow struct {
	Removed int     `json:"removed"`
	Measure string  `json:"measure"`
	None    measure `json:"none"`
	Most    measure `json:"most"`
	Random  measure `json:"random"`
	Least   measure `json:"least"`
	// Harm is what removing the most memorized costs beyond removing as many at random,
	// seed by seed.
	Harm measure `json:"harm"`
}

// rows puts the seeds of each arm together.
func (r removal) rows(cells []foundCell) ([]removalRow, error) {
	byName := map[string]foundCell{}
	for _, c := range cells {
		byName[c.Name] = c
	}
	collect := func(kind string, k int, name string) measure {
		var values []float64
		for seed := range r.base.Seeds {
			if v, ok := byName[fmt.Sprintf("%s-%d-seed%d", kind, k, seed)].value(name); ok {
				values = append(values, v...)
			}
		}
		return newMeasure(name, values...)
	}
	none, ok := byName[fmt.Sprintf("%s-0-seed0", removeNone)]
	if !ok {
		return nil, errors.New("the experiment has no encoder of all images")
	}
	var all []removalRow
	for _, m := range none.Measures {
		for _, k := range r.removed {
			row := removalRow{
				Removed: k, Measure: m.Name, None: collect(removeNone, 0, m.Name),
				Most: collect(removeMost, k, m.Name), Random: collect(removeRandom, k, m.Name), Least: collect(removeLeast, k, m.Name),
			}
			var harm []float64
			for i := range row.Most.Values {
				harm = append(harm, row.Random.Values[i]-row.Most.Values[i])
			}
			row.Harm = newMeasure("random − most", harm...)
			all = append(all, row)
		}
	}
	return all, nil
}

func writeRemoval(w io.Writer, rows []removalRow) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "measure\tremoved\tnone\tmost memorized\trandom\tleast memorized\trandom − most (95 % CI)")
	for _, r := range rows {
		harm := fmt.Sprintf("%+.2f", float64(r.Harm.Mean))
		if ci := r.Harm.CI; ci.Low.Defined() {
			harm += fmt.Sprintf(" (%+.2f to %+.2f)", float64(ci.Low), float64(ci.High))
		}
		fmt.Fprintf(out, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%s\n", r.Measure, r.Removed,
			float64(r.None.Mean), float64(r.Most.Mean), float64(r.Random.Mean), float64(r.Least.Mean), harm)
	}
	return out.Flush()
}
