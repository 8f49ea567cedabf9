package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/mem"
)

func dejaVuCommand() *cli.Command {
	return &cli.Command{
		Name:      "dejavu",
		Usage:     "infer the classes of images from a corner of them: what encoders of a run remember",
		ArgsUsage: takesRun,
		Description: `Shows each encoder of the pairs of a run a corner of the images of S_C and S_I, and
names the class of each by the public images whose features are nearest (Meehan et
al. 2023). An encoder that saw the image may name it more often than one that did
not: by the difference, the déjà vu score, it remembers. Writes dejavu.csv and
dejavu.json into the run.

   sslmem dejavu runs/001-train
   sslmem dejavu --k 20 --crop .5 --one-model runs/001-train`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "k", Value: 50, Usage: "`N` nearest public images vote"},
			&cli.Float64Flag{Name: "crop", Value: .3, Usage: "the corner has the fraction `X` of each side"},
			&cli.StringFlag{Name: "corner", Value: string(mem.LowerLeft), Usage: "`CORNER` that is seen: " + names(mem.Corners())},
			&cli.StringFlag{Name: "public", Value: publicSources[0], Usage: "public `IMAGES`: unseen, those of the training set that neither encoder saw, or test"},
			&cli.StringFlag{Name: "embedding", Value: embeddings[0], Usage: "compare the `OUTPUT` of the encoder or of its projector"},
			&cli.BoolFlag{Name: "one-model", Usage: "compare with a classifier of crops of public images, not with the other encoder"},
			deviceFlag(), jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			start := time.Now()
			a := cropAttack{
				K: c.Int("k"), Crop: c.Float64("crop"), Corner: mem.Corner(c.String("corner")),
				Embedding: c.String("embedding"), OneModel: c.Bool("one-model"),
			}
			if err := a.check(); err != nil {
				return usageError{err}
			}
			r, err := openArgument(c)
			if err != nil {
				return err
			}
			if err := a.prepare(r, c.String("public")); err != nil {
				return err
			}
			if err := r.useDevice(c.String("device")); err != nil {
				return err
			}
			attacks, err := a.attack(c.Context)
			if err != nil {
				return err
			}
			if a.Report, err = mem.DejaVu(attacks, mem.DejaVuOptions{Seed: r.settings.Seed}); err != nil {
				return err
			}
			if err := mem.SaveDejaVuCSV(r.dir.Join(rundir.DejaVuFile), attacks); err != nil {
				return err
			}
			if err := rundir.WriteJSON(r.dir.Join(rundir.DejaVuReport), a); err != nil {
				return err
			}
			o := r.finish(outcome{}, start)
			o.Files = []string{r.dir.Join(rundir.DejaVuFile), r.dir.Join(rundir.DejaVuReport)}
			return dejaVuOutcome{o, &a}.print(c)
		},
	}
}

// dejaVuOutcome is what the command prints.
type dejaVuOutcome struct {
	outcome
	Attack *cropAttack `json:"dejavu"`
}

func (o dejaVuOutcome) print(c *cli.Context) error {
	w := c.App.Writer
	if c.Bool("json") {
		return printJSON(w, o)
	}
	a := o.Attack
	fmt.Fprintf(w, "Seen:      the %s %.0f %% of each side\nCompared:  %s\nVotes:     the %d nearest of %d public images, %s\nReference: %s\n\n",
		a.Corner, 100*a.Crop, a.embedding(), a.K, a.Public, a.PublicIs, a.ReferenceIs)
	if err := a.Report.WriteText(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "Always naming the most frequent class would be right for %.1f %%.\n\n", 100*a.Chance)
	return o.outcome.print(w, false)
}

// embeddings are what is compared.
var embeddings = []string{"encoder", "projector"}

// names lists names for a person.
func names[T ~string](all []T) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}

// check finds what is wrong with the settings of the attack.
func (a *cropAttack) check() error {
	if _, err := mem.ParseCorner(string(a.Corner)); err != nil {
		return err
	}
	if err := mem.CheckCrop(a.Crop); err != nil {
		return err
	}
	if a.K < 1 {
		return fmt.Errorf("--k is %d but must be at least 1", a.K)
	}
	if !slices.Contains(embeddings, a.Embedding) {
		return fmt.Errorf("--embedding is %q but must be %s", a.Embedding, strings.Join(embeddings, " or "))
	}
	return nil
}

// embedding says what is compared.
func (a *cropAttack) embedding() string {
	if a.Embedding == embeddings[0] {
		return "the features of the encoder"
	}
	return "the output of the projector"
}
