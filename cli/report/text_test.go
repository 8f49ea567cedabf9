package report_test

import (
	"strings"
	"testing"

	"sslmem/cli/report"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"mean m(S_C) > 0":      "mean <i>m</i>(<i>S</i><sub>C</sub>) &gt; 0",
		"m = L_g − L_f":        "<i>m</i>\u00a0=\u00a0<i>L</i><sub>g</sub> − <i>L</i><sub>f</sub>",
		"p = 3.1e-06, 95 % CI": "<i>p</i>\u00a0=\u00a0<span class=\"whole\">3.1e-06</span>, 95\u00a0% CI",
		"4 f/g pairs":          "4 <i>f</i>/<i>g</i> pairs",
		"I'm sure I’d":         "I&#39;m sure I’d",
		"a_b S_CC XS_C max":    "a_b S_CC XS_C max",
		"'m' & \"p\" <n>":      "&#39;m&#39; &amp; &#34;<i>p</i>&#34; &lt;<i>n</i>&gt;",
		"S_< L_& é m\x00 \xff": "S_&lt; L_&amp; é <i>m</i>\ufffd \xff",
		"":                     "",
	} {
		if got := string(report.Words(text)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("mean m(S_C) <b> & 'm")
	f.Fuzz(func(t *testing.T, text string) {
		got := string(report.Words(text))
		for _, tag := range []string{`<span class="whole">`, "</span>", "<i>", "</i>", "<sub>", "</sub>"} {
			got = strings.ReplaceAll(got, tag, "")
		}
		if strings.ContainsAny(got, `<>"'`) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestMark(t *testing.T) {
	for text, want := range map[string]bool{"S_C": true, "S_E, seen by neither": true, "S_C > S_S": false, "seed": false, "": false} {
		if got := strings.Contains(string(report.Mark(text)), "<svg"); got != want {
			t.Errorf("%q has a mark: %v, want %v", text, got, want)
		}
	}
}

func TestHref(t *testing.T) {
	for path, want := range map[string]string{
		"scores.csv":       "./scores.csv",
		"figures/a b?.png": "./figures/a%20b%3F.png",
		"javascript:x":     "./javascript:x",
		"./a:b#c":          "./a:b%23c",
		"100%.csv":         "./100%25.csv",
	} {
		if got := string(report.Href(path)); got != want {
			t.Errorf("%q became %q, want %q", path, got, want)
		}
	}
}
