package cli

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/urfave/cli/v2"

	"sslmem/data"
)

// described is what is told of a data set.
type described struct {
	Name    string   `json:"name"`
	Format  string   `json:"format"`
	Path    string   `json:"path,omitempty"`
	Parts   []string `json:"parts,omitempty"`
	Train   int      `json:"train"`
	Test    int      `json:"test"`
	Shape   string   `json:"shape"`
	Classes []string `json:"classes,omitempty"`
	Least   int      `json:"smallest_class,omitempty"` // images of it in the training set
	Most    int      `json:"largest_class,omitempty"`

	// Mean and standard deviation of each channel over the training images that
	// were decoded for it, in [0, 1].
	Mean    []float64 `json:"mean"`
	Std     []float64 `json:"std"`
	Decoded int       `json:"decoded"`
}

// sampled is how many images of files are decoded to describe them.
const sampled = 1000

func dataInfoCommand() *cli.Command {
	return &cli.Command{
		Name:      "info",
		Usage:     "tell format, number, shape, classes, mean and standard deviation",
		ArgsUsage: takesData,
		Description: `Mean and standard deviation are those of the training images. Of files that are
decoded one by one, 1,000 are taken, evenly spread.`,
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			s, err := data.OpenSet(c.Args().First())
			if err != nil {
				return err
			}
			defer s.Close()
			d, err := describe(s)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, d)
			}
			return d.print(c.App.Writer)
		},
	}
}

func describe(s *data.Set) (*described, error) {
	d := &described{Name: s.Name, Format: s.Format, Path: s.Path, Parts: s.Parts, Train: s.Train.Len(), Classes: s.Train.ClassNames()}
	if s.Test != nil {
		d.Test = s.Test.Len()
	}
	if len(d.Classes) > 0 {
		count := make([]int, len(d.Classes))
		for i := range d.Train {
			if l := s.Train.Label(i); l >= 0 {
				count[l]++
			}
		}
		d.Least, d.Most = math.MaxInt, 0
		for _, n := range count {
			d.Least, d.Most = min(d.Least, n), max(d.Most, n)
		}
	}
	return d, d.measure(s.Train)
}

// measure decodes images for shape, mean and standard deviation.
func (d *described) measure(s data.Source) error {
	most := s.Len()
	if _, decoded := s.(*data.Dataset); !decoded {
		most = sampled
	}
	st, err := data.Measure(s, most)
	if err != nil {
		return err
	}
	d.Decoded, d.Mean, d.Std = st.N, st.Mean, st.Std
	d.Shape = fmt.Sprintf("%d×%s×%s", st.C, span(st.Least[0], st.Most[0]), span(st.Least[1], st.Most[1]))
	return nil
}

func span(low, high int) string {
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d–%d", low, high)
}

func (d *described) print(w io.Writer) error {
	lines := [][2]string{
		{"name", d.Name}, {"format", d.Format}, {"path", d.Path},
		{"training", fmt.Sprintf("%d images, %s", d.Train, d.Shape)},
		{"test", fmt.Sprintf("%d images", d.Test)},
		{"classes", d.classText()},
		{"mean", numbers(d.Mean)}, {"std", numbers(d.Std)},
		{"parts", strings.Join(d.Parts, ", ")},
	}
	if d.Decoded < d.Train {
		lines[6][1] += fmt.Sprintf("  (of %d images)", d.Decoded)
	}
	for _, l := range lines {
		if l[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-9s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

func (d *described) classText() string {
	n := len(d.Classes)
	if n == 0 {
		return "none"
	}
	text := fmt.Sprintf("%d of %s images: %s", n, span(d.Least, d.Most), strings.Join(d.Classes[:min(n, 10)], ", "))
	if n > 10 {
		text += ", …"
	}
	return text
}

func numbers(values []float64) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, fmt.Sprintf("%.4f", v))
	}
	return strings.Join(parts, " ")
}
