// Package nearest finds the name that was meant by a misspelled one.
package nearest

import (
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// Key returns the key of known that was most likely meant by key, as [Word] does
// for words. Keys are parts joined by dots, "recipe.optimizer.lr". The last part
// says most: of the keys whose last part is nearest to that of key, those in the
// same table come first, and then the nearest as a whole. So
// "recipe.warmup_epochs" finds "recipe.optimizer.warmup_epochs" and not
// "recipe.epochs".
func Key(key string, known []string) (string, bool) {
	best, found := "", false
	var least [3]int
	word, all := plain(last(key)), plain(key)
	for _, k := range known {
		p := plain(last(k))
		d := distance(word, p)
		if d > limit(word, p) {
			continue
		}
		rank := [3]int{d, -shared(all, plain(k)), distance(all, plain(k))}
		if !found || slices.Compare(rank[:], least[:]) < 0 {
			best, least, found = k, rank, true
		}
	}
	return best, found
}

// shared returns how many parts two keys have in common at their beginning.
func shared(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	n := 0
	for n < len(x)-1 && n < len(y)-1 && x[n] == y[n] {
		n++
	}
	return n
}

// last returns what follows the last dot.
func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

func plain(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance is that of Levenshtein.
func distance(a, b string) int { return smetrics.WagnerFischer(a, b, 1, 1, 1) }

// limit is up to which distance two words are near.
func limit(a, b string) int { return (max(len(a), len(b)) + 2) / 3 }

// Word returns the word of known that was most likely meant by word, and
// whether any is near enough to be worth suggesting.
//
// Near is a Levenshtein distance (insertions, deletions and substitutions of
// bytes, upper and lower case alike, '-' and '_' alike) of at most a third of
// the longer word, rounded up. Of equally near words the first wins. A word
// after the last dot of exactly one known word is near too, so that
// "temperature" finds "simclr.temperature".
func Word(word string, known []string) (string, bool) {
	word = plain(word)
	best, bestDistance := "", -1
	var suffixed []string
	for _, k := range known {
		p := plain(k)
		if strings.HasSuffix(p, "."+word) {
			suffixed = append(suffixed, k)
		}
		d := distance(word, p)
		if d <= limit(word, p) && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = k, d
		}
	}
	if bestDistance < 0 && len(suffixed) == 1 {
		return suffixed[0], true
	}
	return best, bestDistance >= 0
}
