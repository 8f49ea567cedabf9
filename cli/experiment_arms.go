package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"text/tabwriter"

	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
	"sslmem/torch/nn"
)

// An arms experiment varies one setting: f/g pairs are trained and scored with each of
// its values.
type arms struct {
	name  string
	usage string
	// recipe is the one to start from where none is asked for; "" is the demo's.
	recipe string
	values string // to take where none are given, with commas between
	unit   string // what values are, for the help
	// set changes the settings to a value.
	set func(s *Settings, value string) error
	// fixed says that pairs are also scored by the views of the base settings, as each
	// value brings views of its own.
	fixed bool
	// agree says that the rankings of the candidates are compared.
	agree bool
}

func allArms() []arms {
	return []arms{
		{
			name: "augmentation", usage: "memorization and accuracy with stronger and weaker augmentations",
			values: "0.6,0.4,0.2,0.08", unit: "least parts of an image that a crop keeps, or names of augmentations", fixed: true,
			set: func(s *Settings, v string) error {
				if scale, err := strconv.ParseFloat(v, 64); err == nil {
					s.Recipe.Augment.ScaleMin = scale
					if s.Recipe.Second != nil {
						second := *s.Recipe.Second
						second.ScaleMin = scale
						s.Recipe.Second = &second
					}
					return nil
				}
				if _, err := augment.LookupSet(v); err != nil {
					return fmt.Errorf("%q is neither a part of an image nor the name of augmentations: %w", v, err)
				}
				return s.set("recipe.augment_set=" + v)
			},
		},
		{
			name: "epochs", usage: "memorization and accuracy with longer trainings, each to its end",
			values: "25,50,100,200", unit: "epochs",
			set: func(s *Settings, v string) error {
				before := s.Recipe.Epochs
				if err := s.set("recipe.epochs=" + v); err != nil {
					return err
				}
				o := &s.Recipe.Optimizer
				o.WarmupEpochs = o.WarmupEpochs * float64(s.Recipe.Epochs) / float64(before)
				return nil
			},
		},
		{
			name: "width", usage: "memorization and accuracy with wider encoders",
			values: "4,8,16", unit: "widths, as recipe.width", set: setting("recipe.width"),
		},
		{
			name: "lambda", usage: "memorization and accuracy of MAE with its alignment limited by λ",
			recipe: "mae-limiter-demo", values: "0,0.05,0.1,0.2", unit: "λ of mae-limiter", set: setting("recipe.options.lambda"),
		},
		{
			name: "dp", usage: "memorization and accuracy of differentially private MAE by its ε",
			recipe: "mae-demo", values: "8,20,inf", unit: "ε of the whole training; inf is gradients clipped without noise",
			set: func(s *Settings, v string) error {
				p := ssl.Privacy{MaxGradNorm: 1, Delta: 1e-4}
				if s.Recipe.Privacy != nil {
					p = *s.Recipe.Privacy
				}
				p.NoiseMultiplier, p.TargetEpsilon = 0, 0
				if v != "inf" {
					var err error
					if p.TargetEpsilon, err = strconv.ParseFloat(v, 64); err != nil || p.TargetEpsilon <= 0 {
						return fmt.Errorf("%q is not an ε above 0, nor inf", v)
					}
				}
				s.Recipe.Privacy = &p
				return nil
			},
		},
		{
			name: "frameworks", usage: "memorization and accuracy by method, and which images methods agree on",
			values: "simclr,byol,vicreg,dino,supervised", unit: "methods, with their recipes for the demo, or names of recipes", agree: true,
			set: func(s *Settings, v string) error {
				name := v
				_, err := ssl.LookupMethod(v)
				switch {
				case err == nil:
					name += "-demo"
				case !strings.Contains(v, "-"):
					return err
				}
				e, err := recipes.Lookup(name)
				if err != nil {
					return err
				}
				epochs := s.Recipe.Epochs
				s.Recipe = e.Recipe
				warmup := s.Recipe.Optimizer.WarmupEpochs * float64(epochs) / float64(s.Recipe.Epochs)
				s.Recipe.Epochs, s.Recipe.Optimizer.WarmupEpochs = epochs, warmup
				return nil
			},
		},
		{
			name: "seeds", usage: "how well pairs that were trained with other seeds agree on which images are memorized",
			values: "3", unit: "numbers of pairs", agree: true,
			set: func(s *Settings, v string) error {
				n, err := strconv.Atoi(v)
				if err != nil || n < 2 {
					return fmt.Errorf("%q is not a number of pairs from 2 on", v)
				}
				s.Seeds = n
				return nil
			},
		},
	}
}

// setting sets a key to the value.
func setting(key string) func(*Settings, string) error {
	return func(s *Settings, v string) error { return s.set(key + "=" + v) }
}

// plan makes the cells of an experiment, one a value, and checks the settings of all.
func (a arms) plan(e *experiment, values []string) error {
	for _, value := range values {
		s := e.base
		s.Recipe.Options = maps.Clone(s.Recipe.Options)
		if err := a.set(&s, value); err != nil {
			return fmt.Errorf("%s %s: %w", a.name, value, err)
		}
		if err := s.Check(); err != nil {
			return fmt.Errorf("%s %s: %w", a.name, value, err)
		}
		name := a.name + "-" + cellName(value)
		e.cell(name, a.name+" "+value, s, func(ctx context.Context) (any, error) {
			r, f, err := e.pairs(ctx, name, s)
			if err != nil || !a.fixed {
				return f, err
			}
			same, err := r.scoreFixed(ctx, e.base)
			f.Measures = append(f.Measures, same...)
			return f, err
		})
	}
	return nil
}

// cellName is a value as a part of a file's name.
func cellName(value string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, value)
}

// scoreFixed scores the pairs of the run by the views of other settings, so that runs
// that were trained by different views can be compared.
func (r *run) scoreFixed(ctx context.Context, base Settings) ([]measure, error) {
	scores := mem.NewScores(r.members(), nil)
	fixed, err := base.Recipe.Fit(r.data)
	if err != nil {
		return nil, err
	}
	for pair := range r.settings.Seeds {
		loss, err := r.scorePairBy(ctx, pair, fixed.Augment, scores.Index)
		if err != nil {
			return nil, err
		}
		if err := scores.AddPair(loss); err != nil {
			return nil, err
		}
	}
	summary, err := mem.SummarizeWith(scores, mem.SummaryOptions{Normalisation: mem.Raw, Seed: r.settings.Seed})
	if err != nil {
		return nil, err
	}
	return memorized(summary, ", same views").Measures, nil
}

// scorePairBy measures the losses of a pair by given views.
func (r *run) scorePairBy(ctx context.Context, pair int, views augment.Recipe, index []int) (mem.PairLoss, error) {
	f, err := r.loadEncoder(r.encoderPath(roleF.name(pair)))
	if err != nil {
		return mem.PairLoss{}, err
	}
	defer nn.Free(f)
	g, err := r.loadEncoder(r.encoderPath(roleG.name(pair)))
	if err != nil {
		return mem.PairLoss{}, err
	}
	defer nn.Free(g)
	c := r.settings.Score.scorer(r.settings.Recipe, r.scoreSeed(pair))
	c.Augment, c.Mask = views, augment.Mask{}
	c.Device, c.Together = r.device, r.encodersAtOnce() > 1
	return c.Pair(ctx, f, g, r.data, index, r.pairSeed(pair))
}

// agreements compares the rankings of the candidates by every two cells or, where there
// is one cell only, by every two of its pairs.
func agreements(cells []foundCell) ([]cellAgreement, error) {
	var names []string
	var m [][]float64
	for _, c := range cells {
		names, m = append(names, c.Setting), append(m, c.M)
	}
	if len(cells) == 1 {
		names, m = nil, cells[0].PairM
		for pair := range m {
			names = append(names, fmt.Sprintf("pair %d", pair))
		}
	}
	var all []cellAgreement
	for i := range m {
		for k := i + 1; k < len(m); k++ {
			g, err := mem.Agree(m[i], m[k], max(1, len(m[i])/10))
			if err != nil {
				return nil, fmt.Errorf("%s and %s: %w", names[i], names[k], err)
			}
			all = append(all, cellAgreement{names[i], names[k], g})
		}
	}
	return all, nil
}

// A cellAgreement says how alike two cells rank the candidates.
type cellAgreement struct {
	A string `json:"a"`
	B string `json:"b"`
	mem.Agreement
}

// writeAgreements writes a row for every two rankings.
func writeAgreements(w io.Writer, all []cellAgreement) error {
	if len(all) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "rankings of S_C\tSpearman\tKendall\tp\tcommon top\tby chance\tp")
	for _, g := range all {
		top := g.Overlaps[0]
		fmt.Fprintf(out, "%s, %s\t%.2f\t%.2f\t%s\t%d of %d\t%.1f\t%s\n", g.A, g.B, float64(g.Spearman.R), float64(g.Kendall.R), mem.FormatP(g.Kendall.P),
			top.Count, top.K, float64(top.Chance)*float64(top.K), mem.FormatP(top.P))
	}
	return out.Flush()
}
