package rng

import "math/rand/v2"

// Initial values of the two lanes: the first 128 bits of the fraction of π.
const (
	lane0 = 0x243f6a8885a308d3
	lane1 = 0x13198a2e03707344
)

// New returns the stream of (seed, path), positioned at its start. The
// generator belongs to the caller and must not be used by two goroutines at
// once; two calls with equal arguments return two generators that yield equal
// numbers.
func New(seed uint64, path ...uint64) *rand.Rand {
	a, b := hash(seed, path)
	return rand.New(rand.NewPCG(a, b))
}

// Seed puts p at the start of the stream of (seed, path), the one that [New]
// returns. It allocates nothing, and so serves loops that open one stream for
// each image:
//
//	var p rand.PCG
//	r := rand.New(&p)
//	for i := range n {
//		rng.Seed(&p, seed, i)
//		use(r)
//	}
func Seed(p *rand.PCG, seed uint64, path ...uint64) {
	p.Seed(hash(seed, path))
}

// Sub returns a seed derived from (seed, path), spread evenly over all 64-bit
// values. Sub(s, a) and the numbers of New(s, a) are unrelated.
func Sub(seed uint64, path ...uint64) uint64 {
	a, b := hash(seed, path)
	return mix0(a ^ mix1(b))
}

// Word returns the path word of a name, the 64-bit FNV-1a hash of its bytes.
// It is meant for the first word of a path, which says whose stream it is.
func Word(name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return h
}

// hash absorbs the seed, then each word of the path, then the length of the
// path, so that no path continues another.
func hash(seed uint64, path []uint64) (a, b uint64) {
	a, b = mix0(lane0^seed), mix1(lane1^seed)
	for _, w := range path {
		a, b = mix0(a^w), mix1(b^w)
	}
	n := uint64(len(path))
	return mix0(a + n + 1), mix1(b - n - 1)
}

// mix0 is the finaliser of SplitMix64 on x plus its increment, without which
// 0 would map to 0.
func mix0(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mix1 is the 64-bit finaliser of MurmurHash3, with the same increment.
func mix1(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
