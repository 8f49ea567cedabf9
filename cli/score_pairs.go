package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sslmem/cli/rundir"
	"sslmem/data/rng"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch/nn"
)

// members lists the images of the four sets as package mem indexes them.
func (r *run) members() [mem.NumSets][]int {
	var m [mem.NumSets][]int
	m[mem.Shared], m[mem.Candidate] = r.splits.Shared, r.splits.Candidate
	m[mem.Independent], m[mem.External] = r.splits.Independent, r.splits.External
	return m
}

// loadScores returns the scores of the pairs that were scored before, or an
// empty table.
func (r *run) loadScores() (*mem.Scores, error) {
	empty := mem.NewScores(r.members(), r.data.Labels)
	path := r.dir.Join(rundir.ScoresFile)
	if !exists(path) {
		return empty, nil
	}
	s, err := mem.LoadCSV(path)
	if err != nil {
		return nil, err
	}
	if s.Len() != empty.Len() {
		return nil, fmt.Errorf("%s has %d images but the splits of the run have %d; remove the file to score again", path, s.Len(), empty.Len())
	}
	for k, p := range s.Pairs {
		if k >= r.settings.Pairs || p.Seed != r.pairSeed(k) {
			return nil, fmt.Errorf("%s holds scores of other encoders than the run's; remove the file to score again", path)
		}
	}
	return s, nil
}

// score measures one pair and adds it to scores.csv. Nothing is done if it is
// there already.
func (r *run) score(ctx context.Context, scores *mem.Scores, pair int) error {
	if pair < len(scores.Pairs) {
		r.console.skip(r.scoringUnits())
		return nil
	}
	f, g, free, err := r.loadPair(r.encoderPath(roleF.name(pair)), r.encoderPath(roleG.name(pair)))
	if err != nil {
		return err
	}
	defer free()
	c := r.settings.Score.scorer(r.settings.Recipe, r.scoreSeed(pair))
	c.Device = r.device
	c.Report = r.console.scoring(pair, 2*c.Views)
	loss, err := c.Pair(ctx, f, g, r.data, scores.Index, r.pairSeed(pair))
	if err != nil {
		return fmt.Errorf("scoring of pair %d: %w", pair, err)
	}
	if err := scores.AddPair(loss); err != nil {
		return fmt.Errorf("scoring of pair %d: %w", pair, err)
	}
	return scores.SaveCSV(r.dir.Join(rundir.ScoresFile))
}

func (r *run) scoreSeed(pair int) uint64 {
	return rng.Sub(r.pairSeed(pair), rng.Word("views of scores"))
}

func (r *run) loadPair(pathF, pathG string) (f, g models.Backbone, free func(), err error) {
	if f, err = r.loadEncoder(pathF); err != nil {
		return nil, nil, nil, err
	}
	if g, err = r.loadEncoder(pathG); err != nil {
		nn.Free(f)
		return nil, nil, nil, err
	}
	return f, g, func() { nn.Free(f); nn.Free(g) }, nil
}

// curve measures a pair at the epochs of the curve, adds its rows to curve.csv
// and removes the encoders that were kept for it. Nothing is done if the rows
// are there already.
func (r *run) curve(ctx context.Context, c *curveTable, pair int) error {
	epochs := r.curveEpochs()
	if len(epochs) == 0 {
		return nil
	}
	if !c.has(pair, epochs) {
		index := mem.NewScores(r.members(), nil)
		for _, epoch := range epochs {
			if err := r.curvePoint(ctx, c, index, pair, epoch); err != nil {
				return fmt.Errorf("scoring of pair %d after epoch %d: %w", pair, epoch, err)
			}
		}
		if err := c.save(r.dir.Join(rundir.CurveFile)); err != nil {
			return err
		}
	} else {
		r.console.skip(r.curveUnits())
	}
	for _, epoch := range epochs {
		for _, e := range roles() {
			if err := os.Remove(r.snapshotPath(e.name(pair), epoch)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("cannot remove a snapshot: %w", err)
			}
		}
	}
	return nil
}

func (r *run) curvePoint(ctx context.Context, c *curveTable, points *mem.Scores, pair, epoch int) error {
	f, g, free, err := r.loadPair(r.snapshotPath(roleF.name(pair), epoch), r.snapshotPath(roleG.name(pair), epoch))
	if err != nil {
		return err
	}
	defer free()
	scorer := r.settings.Score.scorer(r.settings.Recipe, r.scoreSeed(pair))
	scorer.Views, scorer.Device = r.settings.Score.CurveViews, r.device
	scorer.Report = r.console.scoring(pair, 2*scorer.Views)
	loss, err := scorer.Pair(ctx, f, g, r.data, points.Index, r.pairSeed(pair))
	if err != nil {
		return err
	}
	for _, set := range mem.Sets() {
		if at := points.In(set); len(at) > 0 {
			var sum float64
			for _, i := range at {
				sum += loss.G[i] - loss.F[i]
			}
			c.add(curveRow{pair, epoch, set, len(at), sum / float64(len(at))})
		}
	}
	return nil
}
