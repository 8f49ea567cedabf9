package mem

import "math"

// maxExactKendall is up to how many points without ties p is exact.
const maxExactKendall = 33

// Kendall returns Kendall's rank correlation τ_b, (C − D)/√((T − T_a)(T − T_b)),
// where C and D count the pairs of points that a and b order alike and in opposite
// ways, T all pairs, and T_a and T_b those that are equal in a and in b (M. G.
// Kendall, "The treatment of ties in ranking problems", 1945). p is exact for up to
// 33 points without ties, and where at most one pair is out of order; else C − D is
// taken as normal, with the variance that Kendall gives for ties. The time is O(n
// log n) (W. R. Knight, "A computer method for calculating Kendall's tau with
// ungrouped data", JASA 61, 1966). It panics if the lengths differ. A NaN makes all
// undefined.
func Kendall(a, b []float64) Correlation {
	c := Correlation{undefined, undefined}
	if !comparable(a, b) {
		return c
	}
	n := len(a)
	order := ascending(b)
	x := ascendingIn(order, a) // by a, equal ones by b
	values := make([]float64, n)
	for i, p := range x {
		values[i] = b[p]
	}
	tiesA, tiesB, both := tiesOf(a, x), tiesOf(b, order), 0.
	for from := 0; from < n; {
		to := from + 1
		for to < n && a[x[to]] == a[x[from]] && b[x[to]] == b[x[from]] {
			to++
		}
		both += pairsAmong(to - from)
		from = to
	}
	all := pairsAmong(n)
	discordant := float64(swaps(values, make([]float64, n)))
	// Pairs that are equal in neither are concordant or discordant.
	difference := all - tiesA.pairs - tiesB.pairs + both - 2*discordant
	tau := difference / math.Sqrt(all-tiesA.pairs) / math.Sqrt(all-tiesB.pairs)
	c.R = Number(min(1, max(-1, tau)))
	rare := min(discordant, all-discordant)
	if tiesA.pairs == 0 && tiesB.pairs == 0 && (n <= maxExactKendall || rare <= 1) {
		c.P = Number(inversionTail(n, int(rare)))
		return c
	}
	size := float64(n)
	m := size * (size - 1)
	variance := (m*(2*size+5)-tiesA.second-tiesB.second)/18 + 2*tiesA.pairs*tiesB.pairs/m +
		tiesA.third*tiesB.third/(9*m*(size-2)) // two points with ties are equal
	c.P = Number(normalTail(difference / math.Sqrt(variance)))
	return c
}

// ascendingIn sorts the positions by x, keeping their order where x is equal.
func ascendingIn(positions []int, x []float64) []int {
	sorted := ascending(pick(x, positions))
	return pick(positions, sorted)
}

// tieSums are sums over the groups of t equal values.
type tieSums struct {
	pairs  float64 // t(t−1)/2
	second float64 // t(t−1)(2t+5)
	third  float64 // t(t−1)(t−2)
}

// tiesOf returns those of x, whose positions are given in order.
func tiesOf(x []float64, order []int) tieSums {
	var s tieSums
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		t := float64(to - from)
		s.pairs += t * (t - 1) / 2
		s.second += t * (t - 1) * (2*t + 5)
		s.third += t * (t - 1) * (t - 2)
		from = to
	}
	return s
}

func pairsAmong(n int) float64 { return float64(n) * float64(n-1) / 2 }

// swaps sorts x, by merging, and returns how many pairs were in the wrong order.
// room is as long as x.
func swaps(x, room []float64) int {
	if len(x) < 2 {
		return 0
	}
	half := len(x) / 2
	count := swaps(x[:half], room[:half]) + swaps(x[half:], room[half:])
	copy(room, x)
	left, right := room[:half], room[half:]
	for i := range x {
		if len(right) == 0 || len(left) > 0 && left[0] <= right[0] {
			x[i], left = left[0], left[1:]
		} else {
			count += len(left)
			x[i], right = right[0], right[1:]
		}
	}
	return count
}

// inversionTail returns the probability that a random order of n has at most k
// pairs out of order, or at most k in order, for k up to half of all pairs. The
// number of pairs out of order is the sum of independent variables, uniform on 0 …
// j−1, for j = 1 … n.
func inversionTail(n, k int) float64 {
	if float64(k) == pairsAmong(n)/2 {
		return 1
	}
	p := make([]float64, k+1)
	p[0] = 1
	for j := 2; j <= n; j++ {
		next := make([]float64, k+1)
		var window float64 // p[i−j+1] + … + p[i]
		for i := range next {
			window += p[i]
			if i >= j {
				window -= p[i-j]
			}
			next[i] = window / float64(j)
		}
		p = next
	}
	var sum float64
	for _, v := range p {
		sum += v
	}
	return min(1, 2*sum)
}
