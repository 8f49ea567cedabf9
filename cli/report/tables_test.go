package report_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sslmem/cli/report"
	"sslmem/cli/rundir"
	"sslmem/mem"
)

// The numbers of the tables are written as in the sentences and in the text
// for a terminal.
func TestTablesAgreeWithText(t *testing.T) {
	for _, effect := range []float64{0, 0.04, 0.3} {
		sum, err := mem.Summarize(sampleScores(t, 50, 3, effect), mem.Raw)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := sum.WriteFull(&b); err != nil {
			t.Fatal(err)
		}
		text := strings.Fields(b.String())
		tables := report.Tables(sum)
		if len(tables) != 4 {
			t.Fatalf("%d tables, want those of sets, contrasts, other tests and pairs", len(tables))
		}
		for _, table := range tables[:3] {
			for _, row := range table.Rows {
				for _, cell := range row[1:] {
					for _, number := range strings.Fields(strings.ReplaceAll(cell, " of ", "/")) {
						if !slices.Contains(text, number) {
							t.Errorf("effect %g: %q of %q is not in the text\n%s", effect, number, row[0], b.String())
						}
					}
				}
			}
		}
		if got, want := len(tables[0].Rows), len(sum.Sets); got != want {
			t.Errorf("%d rows for %d sets", got, want)
		}
		if got, want := len(tables[3].Rows), 3; got != want {
			t.Errorf("%d rows for %d pairs", got, want)
		}
	}
}

// One point in a set, one pair and no halves leave most statistics undefined.
func TestTablesOfLittle(t *testing.T) {
	s := mem.NewScores([mem.NumSets][]int{mem.Candidate: {4}}, nil)
	if err := s.AddPair(mem.PairLoss{Seed: 9, F: []float64{0.5}, G: []float64{0.625}}); err != nil {
		t.Fatal(err)
	}
	sum, err := mem.Summarize(s, mem.Raw)
	if err != nil {
		t.Fatal(err)
	}
	tables := report.Tables(sum)
	if len(tables) != 1 {
		t.Fatalf("%d tables, want 1", len(tables))
	}
	want := []string{"S_C, seen by f only", "1", "+0.125", "–", "–", "+0.125", "–", "–", "–"}
	if got := tables[0].Rows[0]; !slices.Equal(got, want) {
		t.Errorf("row %q, want %q", got, want)
	}
	if !strings.Contains(tables[0].Caption, "1 f/g pair, seed 9") {
		t.Errorf("caption %q", tables[0].Caption)
	}
	render(t, report.Data{Title: "little", Verdict: sum.Sentences(), Tables: tables})
}

func TestImagesNote(t *testing.T) {
	for _, test := range []struct {
		overall, candidate float64
		set                bool
		want, not          string
	}{
		{0.9, 0.8, true, "0.80 in S_C", "low"},
		{0.9, 0.5, true, "0.50 in S_C, where 1 means that other views of the images would give the same scores. That is low", "over all"},
		{0.9, 0, false, "0.90 over all images", "low"},
		{0.9, math.NaN(), true, "is not known", "0.90"},
	} {
		sum := &mem.Summary{Reliability: mem.Reliability{SpearmanBrown: mem.Number(test.overall)}}
		if test.set {
			sum.Sets = []mem.SetSummary{{Set: mem.Candidate, Reliability: mem.Reliability{SpearmanBrown: mem.Number(test.candidate)}}}
		}
		if got := report.ImagesNote(sum); !strings.Contains(got, test.want) || strings.Contains(got, test.not) {
			t.Errorf("%+v gave %q", test, got)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got := report.Environment(rundir.Environment{
		Time: time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC), Args: []string{"sslmem", "demo"}, Revision: "abc", Modified: true,
		LibTorch: "2.14.1", Device: "cpu", OS: "Debian 12", Arch: "amd64", Cores: 2, Memory: 6 << 29,
	})
	want := []report.Entry{
		{"time", "2025-03-04 05:06:07 UTC"}, {"command", "sslmem demo"}, {"revision", "abc with changes"},
		{"libtorch", "2.14.1"}, {"device", "cpu"}, {"cores", "2"}, {"memory", "3.0 GiB"}, {"system", "Debian 12, amd64"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := report.Environment(rundir.Environment{}); got != nil {
		t.Errorf("nothing known gave %q", got)
	}
}
