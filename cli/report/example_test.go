package report_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sslmem/cli/report"
	"sslmem/plots"
)

// A page with a sentence and a figure.
func Example() {
	folder, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	means, err := plots.Means{
		Frame: plots.Frame{Title: "Mean scores", Seeds: []uint64{7}},
		Sets: []plots.Mean{
			{Set: plots.Shared, N: 200, Mean: 0.001, Low: -0.002, High: 0.004},
			{Set: plots.Candidate, N: 200, Mean: 0.015, Low: 0.012, High: 0.018},
		},
	}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	figure, err := report.NewFigure(means, "S_C lies to the right of S_S.", "Mean m is 0.015 on S_C and 0.001 on S_S.")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = report.Write(filepath.Join(folder, "report.html"), report.Data{
		Title:   "001-demo",
		Verdict: []string{"f memorizes the images only it saw."},
		Figures: []report.Figure{figure},
	})
	fmt.Println(err)
	// Output: <nil>
}

// What a page needs and does not have is named.
func ExampleRender_error() {
	fmt.Println(report.Render(io.Discard, report.Data{
		Title:   "001-demo",
		Verdict: []string{"f memorizes the images only it saw."},
		Figures: []report.Figure{{PNG: []byte("…"), Caption: "Scores by set."}},
	}))
	// Output: report: figure 0: it has no description for readers who cannot see it; set Alt
}
