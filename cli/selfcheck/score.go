package selfcheck

import (
	"context"
	"fmt"
	"path/filepath"

	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/mem"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// scorer measures by the views of the main arm.
func (l *Lab) scorer() (mem.Scorer, error) {
	views, err := l.Plan.views(l.images)
	return mem.Scorer{
		Augment: views, Views: l.Plan.Views, Seed: rng.Sub(l.Plan.Seed, rng.Word("views of scores")),
		Distance: mem.L2, BatchSize: 512, Device: torch.CPU, Together: true,
	}, err
}

// scores returns the scores of all points by the pairs of an arm after an epoch, 0
// for the last, with the training views of the arm that is named: its own, or those
// of main for a comparison by one fixed set. They are measured once.
func (l *Lab) scores(ctx context.Context, a arm, epoch int, viewsOf string) (*mem.Scores, error) {
	path := filepath.Join(l.Dir, "scores", fmt.Sprintf("%s-epoch%04d-by-%s.csv", a.name, epoch, viewsOf))
	if exists(path) {
		return mem.LoadCSV(path)
	}
	if err := l.train(ctx, a); err != nil {
		return nil, err
	}
	c, err := l.scorer()
	if err != nil {
		return nil, err
	}
	if viewsOf == a.name {
		recipe, err := l.Plan.recipe(a, l.images)
		if err != nil {
			return nil, err
		}
		c.Augment = recipe.Augment
	}
	s := mem.NewScores(l.members(), data.Labels(l.images))
	for pair := range a.seeds {
		l.Say("scoring pair %d of arm %s, epoch %d", pair, a.name, l.epoch(epoch))
		f, g, err := l.pair(a, pair, epoch)
		if err != nil {
			return nil, err
		}
		loss, err := c.Pair(ctx, f, g, l.images, s.Index, l.pairSeed(pair))
		nn.Free(f)
		nn.Free(g)
		if err == nil {
			err = s.AddPair(loss)
		}
		if err != nil {
			return nil, fmt.Errorf("scoring of pair %d of arm %s: %w", pair, a.name, err)
		}
	}
	return s, s.SaveCSV(path)
}

// epoch is the number of an epoch, 0 standing for the last.
func (l *Lab) epoch(epoch int) int {
	if epoch == 0 {
		return l.Plan.Epochs
	}
	return epoch
}

// gaps returns, for each pair, the mean of m over the natural images of S_C less that
// of S_E.
func (l *Lab) gaps(s *mem.Scores, n mem.Normalisation) []float64 {
	gaps := make([]float64, len(s.Pairs))
	for k := range gaps {
		m := s.PairM(k, n)
		gaps[k] = average(l.values(s, m, mem.Candidate, false)) - average(l.values(s, m, mem.External, false))
	}
	return gaps
}

// minus returns a − b, as long as the shorter one.
func minus(a, b []float64) []float64 {
	d := make([]float64, min(len(a), len(b)))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}
