// Package nearest finds the name that was meant by a misspelled one.
package nearest

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Word returns the word of known that was most likely meant by word, and
// whether any is near enough to be worth suggesting.
//
// Near is a Levenshtein distance (insertions, deletions and substitutions of
// bytes, upper and lower case alike, '-' and '_' alike) of at most a third of
// the longer word, rounded up. Of equally near words the first wins. A word
// after the last dot of exactly one known word is near too, so that
// "temperature" finds "simclr.temperature".
func Word(word string, known []string) (string, bool) {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	word = plain(word)
	best, bestDistance := "", -1
	var suffixed []string
	for _, k := range known {
		p := plain(k)
		if strings.HasSuffix(p, "."+word) {
			suffixed = append(suffixed, k)
		}
		d := smetrics.WagnerFischer(word, p, 1, 1, 1)
		limit := (max(len(word), len(p)) + 2) / 3
		if d <= limit && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = k, d
		}
	}
	if bestDistance < 0 && len(suffixed) == 1 {
		return suffixed[0], true
	}
	return best, bestDistance >= 0
}
