package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/mem"
	"sslmem/torch/nn"
)

// members lists the images of the four sets as package mem indexes them.
func (r *run) members() [mem.NumSets][]int { return members(r.splits) }

func members(s data.Splits) (m [mem.NumSets][]int) {
	m[mem.Shared], m[mem.Candidate] = s.Shared, s.Candidate
	m[mem.Independent], m[mem.External] = s.Independent, s.External
	return m
}

// loadScores returns the scores of the pairs that were scored before, or an
// empty table.
func (r *run) loadScores() (*mem.Scores, error) {
	if err := mem.CheckMembers(r.members(), r.data.Len()); err != nil {
		return nil, fmt.Errorf("%s: %w", r.dir.Join(rundir.SplitsFile), err)
	}
	empty := mem.NewScores(r.members(), data.Labels(r.data))
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
		if k >= r.settings.Seeds || p.Seed != r.pairSeed(k) {
			return nil, fmt.Errorf("%s holds scores of other encoders than the run's; remove the file to score again", path)
		}
	}
	return s, nil
}

// tables are the scores of a run while its pairs are scored, several at a time.
// Files hold the pairs in order, so a pair that is done early waits for those
// before it.
type tables struct {
	mu     sync.Mutex
	scores *mem.Scores
	curve  *curveTable
	early  map[int]mem.PairLoss
	loaded int // pairs that were there at the start
}

func (r *run) openTables() (*tables, error) {
	scores, err := r.loadScores()
	if err != nil {
		return nil, err
	}
	curve, err := loadCurve(r.dir.Join(rundir.CurveFile))
	return &tables{scores: scores, curve: curve, early: map[int]mem.PairLoss{}, loaded: len(scores.Pairs)}, err
}

// add adds the losses of a pair and saves what is complete.
func (t *tables) add(pair int, loss mem.PairLoss, path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.early[pair] = loss
	for {
		next := len(t.scores.Pairs)
		loss, ok := t.early[next]
		if !ok {
			return nil
		}
		delete(t.early, next)
		if err := t.scores.AddPair(loss); err != nil {
			return err
		}
		if err := t.scores.SaveCSV(path); err != nil {
			return err
		}
	}
}

// score measures one pair. Nothing is done if that was done before.
func (r *run) score(ctx context.Context, t *tables, pair int) error {
	if pair < t.loaded {
		r.console.skip(r.scoringUnits())
		return nil
	}
	loss, err := r.scorePair(ctx, pair, r.settings.Score.Views, t.scores.Index,
		r.encoderPath(roleF.name(pair)), r.encoderPath(roleG.name(pair)))
	if err == nil {
		err = t.add(pair, loss, r.dir.Join(rundir.ScoresFile))
	}
	if err != nil {
		return fmt.Errorf("scoring of pair %d: %w", pair, err)
	}
	return nil
}

// scorePair measures the losses of the encoders in two files.
func (r *run) scorePair(ctx context.Context, pair, views int, index []int, pathF, pathG string) (loss mem.PairLoss, err error) {
	f, err := r.loadEncoder(pathF)
	if err != nil {
		return loss, err
	}
	defer nn.Free(f)
	g, err := r.loadEncoder(pathG)
	if err != nil {
		return loss, err
	}
	defer nn.Free(g)
	c := r.settings.Score.scorer(r.settings.Recipe, r.scoreSeed(pair))
	if c.Augment, c.Mask, err = r.scoringViews(f); err != nil {
		return loss, err
	}
	c.Views, c.Device = views, r.device
	c.Together = r.encodersAtOnce() > 1
	c.Report = r.console.scoring(pair, 2*views)
	return c.Pair(ctx, f, g, r.data, index, r.pairSeed(pair))
}

func (r *run) scoreSeed(pair int) uint64 { return scoreSeed(r.pairSeed(pair)) }

func scoreSeed(pairSeed uint64) uint64 { return rng.Sub(pairSeed, rng.Word("views of scores")) }

// curve measures a pair at the epochs of the curve, adds its rows to curve.csv
// and removes the encoders that were kept for it. Nothing is done if the rows
// are there already.
func (r *run) curve(ctx context.Context, t *tables, pair int) error {
	epochs := r.curveEpochs()
	if len(epochs) == 0 {
		return nil
	}
	if t.hasCurve(pair, epochs) {
		r.console.skip(r.curveUnits())
	} else {
		var rows []curveRow
		for _, epoch := range epochs {
			loss, err := r.scorePair(ctx, pair, r.settings.Score.CurveViews, t.scores.Index,
				r.snapshotPath(roleF.name(pair), epoch), r.snapshotPath(roleG.name(pair), epoch))
			if err != nil {
				return fmt.Errorf("scoring of pair %d after epoch %d: %w", pair, epoch, err)
			}
			rows = append(rows, setMeans(t.scores, loss, pair, epoch)...)
		}
		if err := t.addCurve(rows, r.dir.Join(rundir.CurveFile)); err != nil {
			return err
		}
	}
	for _, epoch := range epochs {
		for _, e := range r.roles() {
			if err := os.Remove(r.snapshotPath(e.name(pair), epoch)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("cannot remove a snapshot: %w", err)
			}
		}
	}
	return nil
}

// setMeans returns the mean raw score of each set.
func setMeans(points *mem.Scores, loss mem.PairLoss, pair, epoch int) []curveRow {
	var rows []curveRow
	for _, set := range mem.Sets() {
		at := points.In(set)
		if len(at) == 0 {
			continue
		}
		var sum float64
		for _, i := range at {
			sum += loss.G[i] - loss.F[i]
		}
		rows = append(rows, curveRow{pair, epoch, set, len(at), sum / float64(len(at))})
	}
	return rows
}

func (t *tables) hasCurve(pair int, epochs []int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.curve.has(pair, epochs)
}

// addCurve adds the rows of a pair and saves the table, ordered by pair.
func (t *tables) addCurve(rows []curveRow, path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.curve.rows = append(t.curve.rows, rows...)
	slices.SortStableFunc(t.curve.rows, func(a, b curveRow) int { return a.pair - b.pair })
	return t.curve.save(path)
}
