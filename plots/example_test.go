package plots_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sslmem/plots"
)

// A histogram of three small sets, saved as SVG.
func Example() {
	folder, err := os.MkdirTemp("", "figures")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	figure, err := plots.Histogram{
		Frame: plots.Frame{Title: "Memorization scores", Seeds: []uint64{7}, Settings: "SimCLR, 100 epochs"},
		Sets: []plots.Sample{
			{Set: plots.External, Values: []float64{-0.01, 0.00, 0.01}},
			{Set: plots.Shared, Values: []float64{-0.02, 0.00, 0.01}},
			{Set: plots.Candidate, Values: []float64{0.01, 0.03, 0.05}},
		},
	}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(folder, "histogram.svg")
	if err := figure.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	svg, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	width, _ := figure.Size()
	fmt.Printf("%.0f mm wide\n", width)
	fmt.Println(strings.Split(string(svg), "\n")[4])
	// Output:
	// 85 mm wide
	// <desc>n = 9 images; seed 7; SimCLR, 100 epochs.</desc>
}

// Values that cannot be drawn are named.
func ExampleHistogram_Figure_error() {
	_, err := plots.Histogram{
		Frame: plots.Frame{Title: "Memorization scores", Seeds: []uint64{7}},
		Sets:  []plots.Sample{{Set: plots.Candidate}},
	}.Figure()
	fmt.Println(err)
	// Output: plots: cannot draw this input: set S_C has no values
}

// An SVG for an HTML report, where it stands inline.
func ExampleFigure_Bytes() {
	figure, err := plots.Means{
		Frame: plots.Frame{Title: "Mean scores", Seeds: []uint64{1, 2, 3}},
		Sets: []plots.Mean{
			{Set: plots.Candidate, N: 200, Mean: 0.016, Low: 0.013, High: 0.019},
			{Set: plots.Shared, N: 400, Mean: -0.001, Low: -0.003, High: 0.001},
		},
	}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	svg, err := figure.Bytes("svg")
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := strings.Split(string(svg), "\n")
	fmt.Println(lines[3])
	fmt.Println(lines[4])
	// Output:
	// <title>Mean scores</title>
	// <desc>n = 600 images; glyph: mean, bar: 95 % CI; seeds 1–3.</desc>
}

// A curve with a band; x that are whole numbers get whole ticks.
func ExampleCurves() {
	figure, err := plots.Curves{
		Frame:  plots.Frame{Title: "Memorization grows with training", Seeds: []uint64{1}, Column: plots.Double},
		XLabel: "epoch",
		YLabel: "mean " + plots.ScoreLabel,
		Count:  "200 images; band: 95 % CI",
		Series: []plots.Series{{
			Name: plots.Candidate,
			X:    []float64{0, 50, 100},
			Y:    []float64{0.001, 0.010, 0.016},
			Low:  []float64{-0.002, 0.007, 0.013},
			High: []float64{0.004, 0.013, 0.019},
		}},
	}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	width, _ := figure.Size()
	fmt.Printf("%.0f mm wide\n", width)
	// Output: 175 mm wide
}
