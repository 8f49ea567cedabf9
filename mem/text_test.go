package mem

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// sentencesOf summarizes drawn scores and returns the verdict and the sentence on
// S_C against S_S.
func sentencesOf(t *testing.T, pairs int, shift shifts) (verdict, first string) {
	t.Helper()
	sentences := summarize(t, drawScores(t, 100, pairs, shift), Raw).Sentences()
	if len(sentences) != 5 {
		t.Fatalf("%d sentences: %q", len(sentences), sentences)
	}
	return sentences[0], sentences[1]
}

func TestSentences(t *testing.T) {
	for name, test := range map[string]struct {
		shift          shifts
		pairs          int
		verdict, first []string
	}{
		"memorized": {memorized, 4,
			[]string{"f memorizes the images only it saw: mean m(S_C) is significantly higher than mean m(S_S) and mean m(S_E)."},
			[]string{"higher than mean m(S_S) = ", ", 95 % CI of the difference [+", "one-sided Welch p = ", "e-", "d = +", "n = 100 and 100", "4 f/g pairs (higher in 4 of them)"}},
		"one pair": {memorized, 1,
			[]string{"f memorizes", "It rests on one f/g pair"},
			[]string{"1 f/g pair."}},
		"nothing": {shifts{Candidate: 0.004}, 2,
			[]string{"do not show that f memorizes", "not significantly higher than mean m(S_S) or mean m(S_E)", "no proof"},
			[]string{"but not significantly: 95 % CI of the difference [-", "one-sided Welch p = 0."}},
		"negative": {shifts{Candidate: -0.003}, 2,
			[]string{"do not show that f memorizes"},
			[]string{"lower than", "which is no sign of memorization"}},
		"clearly negative": {shifts{Candidate: -0.03}, 2,
			[]string{"do not show that f memorizes"},
			[]string{"lower than", "significantly (two-sided Welch p = ", "against what memorization predicts", "p > 0.99", "(higher in 0 of them)"}},
		"mixed": {shifts{Shared: -0.03, External: 0.03}, 2,
			[]string{"is mixed: mean m(S_C) is significantly higher than mean m(S_S) but not than mean m(S_E)."},
			[]string{"higher than mean m(S_S)"}},
	} {
		t.Run(name, func(t *testing.T) {
			verdict, first := sentencesOf(t, test.pairs, test.shift)
			for _, want := range test.verdict {
				if !strings.Contains(verdict, want) {
					t.Errorf("verdict %q\nlacks %q", verdict, want)
				}
			}
			for _, want := range test.first {
				if !strings.Contains(first, want) {
					t.Errorf("sentence %q\nlacks %q", first, want)
				}
			}
		})
	}
}

func TestSentencesWithoutVariance(t *testing.T) {
	s := drawScores(t, 3, 1, shifts{})
	copy(s.Pairs[0].G, s.Pairs[0].F)
	sentences := summarize(t, s, Raw).Sentences()
	if !strings.HasPrefix(sentences[0], "Nothing can be said") {
		t.Errorf("verdict on f = g: %q", sentences[0])
	}
	if want := "Mean m(S_C) and mean m(S_S) are both +0.000; neither set has any variance"; !strings.HasPrefix(sentences[1], want) {
		t.Errorf("sentence on f = g: %q", sentences[1])
	}
}

func TestWriteText(t *testing.T) {
	for _, s := range []*Scores{
		drawScores(t, 100, 4, memorized),
		drawScores(t, 2, 1, memorized).Select([]int{2}),
	} {
		var b bytes.Buffer
		if err := summarize(t, s, Ratio).WriteText(&b); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if !strings.HasSuffix(text, "\n") || strings.Contains(text, " \n") || strings.Contains(text, "NaN") {
			t.Errorf("untidy text:\n%s", text)
		}
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 125 {
				t.Errorf("a line of %d characters: %s", n, line)
			}
		}
	}
}

func TestWriteTextReportsErrors(t *testing.T) {
	full := errors.New("disk full")
	err := summarize(t, drawScores(t, 3, 1, memorized), Raw).WriteText(failingWriter{full})
	if !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestFormatP(t *testing.T) {
	for p, want := range map[Number]string{
		0.0351: "p = 0.035", 0.5: "p = 0.5", 3.14e-6: "p = 3.1e-06", 1e-40: "p = 1e-40",
		0: "p < 1e-300", 0.9951: "p > 0.99", 1: "p > 0.99",
	} {
		if got := FormatP(p); got != want {
			t.Errorf("FormatP(%v) = %q, want %q", float64(p), got, want)
		}
	}
	if got := FormatP(undefined); got != "p undefined" {
		t.Errorf("undefined p is %q", got)
	}
}

func TestDecimals(t *testing.T) {
	for sd, want := range map[Number]int{0.0423: 4, 0.0999: 4, 0.1: 3, 0.155: 3, 1: 2, 12.5: 1, 150: 0, 1e6: 0, 4e-7: 9, 1e-40: 15} {
		s := &Summary{Sets: []SetSummary{{SD: undefined}, {SD: sd}}}
		if got := s.Decimals(); got != want {
			t.Errorf("standard deviation %v: %d decimals, want %d", float64(sd), got, want)
		}
	}
	s := &Summary{Sets: []SetSummary{{Mean: -0.05, SD: undefined}}}
	if got := s.Decimals(); got != 4 {
		t.Errorf("mean −.05 alone: %d decimals, want 4", got)
	}
}
